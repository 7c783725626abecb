import Devices
import Inputs
import MigrationStream
import PCIConfig
import Reports
import StateLayout
import StreamIO
import SystemPackage
import VFIO
import YAMLReader

/// What a command ends with when it does not end well: a message, and the exit code that callers
/// branch on.
struct CommandError: Error {
  /// Nil where there is nothing to say: the reader of a pipe went away, or the report said it all.
  let message: String?
  let code: Int32

  /// The answer is no.
  static func no(_ message: String? = nil) -> CommandError {
    CommandError(message: message, code: 1)
  }

  /// The arguments do not fit together.
  static func usage(_ message: String) -> CommandError { CommandError(message: message, code: 2) }

  /// The input is torn, damaged, or no such input.
  static func damaged(_ message: String? = nil) -> CommandError {
    CommandError(message: message, code: 3)
  }

  /// A device or its driver failed after the checks.
  static func device(_ message: String) -> CommandError { CommandError(message: message, code: 4) }

  /// A file, socket or program of the user's could not be used.
  static func input(_ message: String) -> CommandError { CommandError(message: message, code: 5) }

  /// A signal ended the work.
  static func signal(_ number: Int32, _ message: String) -> CommandError {
    CommandError(message: message, code: 128 + number)
  }

  /// The same with more to say.
  func adding(_ text: String) -> CommandError {
    CommandError(message: message.map { $0 + text }, code: code)
  }

  private init(message: String?, code: Int32) {
    self.message = message
    self.code = code
  }

  /// The message and the code for an error of Ferry's modules; nil for any other.
  init?(_ error: any Error) {
    switch error {
    case let error as CommandError: self = error
    case let error as StreamIOError: self.init(error)
    case let error as InputError: self.init(error)
    case let error as CopyError<StreamIOError, any Error>: self.init(error.cause)
    case let error as DeviceURI.Malformed: self = .usage("\(error)")
    case let error as DeviceOpenError: self.init(error)
    case let error as DeviceError: self = .device("\(error)")
    case let error as FileContentError: self = .damaged("\(error)")
    default: return nil
    }
  }

  private init(_ error: InputError) {
    switch error.cause {
    case .file(let cause): self.init(cause)
    case .absent: self = .no(TerminalText.text("\(error)"))
    case .qemuStream(let cause): self.init(cause, in: error.name)
    case .kind: self = .damaged(TerminalText.text("\(error)"))
    case .space(let cause) where cause.code == .noDevice: self = .no("\(error)")
    case .space: self = .damaged("\(error)")
    }
  }

  private init(_ error: DeviceOpenError) {
    switch error {
    case .malformed: self = .usage("\(error)")
    case .absent: self = .no("\(error)")
    case .device: self = .device("\(error)")
    }
  }

  private init(_ error: StreamIOError) {
    switch error.cause {
    case .stream(let cause):
      self = CommandError(message: "\(error)\(cause.code.advice)", code: cause.code.exitCode)
    case .content: self = .damaged("\(error)")
    case .system(.brokenPipe, _): self = CommandError(message: nil, code: 5)
    case .system: self = CommandError(message: "\(error)", code: 5)
    }
  }
}

/// A file whose content another module than the stream's refuses: a dump, a YAML text.
struct FileContentError: Error, CustomStringConvertible {
  let path: String
  let reason: String

  /// Runs `body`; an error of a module that knows no files gets the name of this one.
  static func naming<Result>(_ path: String, _ body: () throws -> Result) throws -> Result {
    do {
      return try body()
    } catch let error as YAMLError {
      throw FileContentError(path: path, reason: ":\(error)")
    } catch let error as LayoutError {
      throw FileContentError(path: path, reason: ":\(error)")
    } catch let error as PCIConfigError {
      let isLine = if case .text = error.place { true } else { false }
      throw FileContentError(path: path, reason: "\(isLine ? ":" : ": ")\(error)")
    }
  }

  var description: String { path + reason }
}

extension StreamError.Code {
  fileprivate var exitCode: Int32 {
    let isNewer = [
      .unsupportedVersion, .unsupportedFeature, .unknownMandatoryRecord, .unknownMandatoryField,
    ].contains(self)
    return isNewer || self == .windowExceeded || self == .missingDictionary ? 1 : 3
  }

  /// The way out, where there is one.
  fileprivate var advice: String {
    switch self {
    case .unsupportedVersion, .unsupportedFeature, .unknownMandatoryRecord, .unknownMandatoryField:
      "; a newer ferry may read it"
    case .missingDictionary: "; a newer ferry may have it"
    case .windowExceeded: "; --window accepts as much memory as it takes"
    case .headerChecksum, .payloadChecksum, .corruptChunk, .torn:
      "; --salvage of inspect and extract gives what is intact"
    default: ""
    }
  }
}
