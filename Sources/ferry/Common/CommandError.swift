import ByteIO
import DeviceServer
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
  /// Nil if there is nothing to say: the reader of a pipe went away.
  let message: String?
  var code: Int32
  /// The parts that programs branch on.
  var detail: ErrorDetail
  /// What became of the devices; nil if the command is about none.
  var devices: [FailureReport.Device]?
  /// The report that the command had come to, if it was not printed.
  var partial: JSONValue?
  /// Whether the command has printed its JSON already.
  var isReported = false
  /// Whether the command's report says it to people, so that standard error does not.
  var isTold = false

  /// The answer is no.
  static func no(_ message: String) -> CommandError {
    CommandError(message: message, code: 1, ErrorDetail("refused"))
  }

  /// The answer is no, as the command's report says with its reasons.
  static func answer(_ code: String, _ message: String) -> CommandError {
    var result = CommandError(message: message, code: 1, ErrorDetail(code))
    result.isTold = true
    return result
  }

  /// The arguments do not fit together.
  static func usage(_ message: String) -> CommandError {
    CommandError(message: message, code: 2, ErrorDetail("usage"))
  }

  /// The input is torn, damaged, or no such input.
  static func damaged(_ message: String) -> CommandError {
    CommandError(message: message, code: 3, ErrorDetail("damaged"))
  }

  /// A device or its driver failed after the checks.
  static func device(_ message: String) -> CommandError {
    CommandError(message: message, code: 4, ErrorDetail("device"))
  }

  /// A file, socket or program of the user's could not be used.
  static func input(_ message: String) -> CommandError {
    CommandError(message: message, code: 5, ErrorDetail("system"))
  }

  /// A signal ended the work.
  static func signal(_ number: Int32, _ message: String) -> CommandError {
    CommandError(message: message, code: 128 + number, ErrorDetail("signal"))
  }

  /// The same with more to say.
  func adding(_ text: String) -> CommandError {
    var result = CommandError(message: message.map { $0 + text }, code: code, detail)
    result.devices = devices
    result.partial = partial
    result.isTold = isTold
    return result
  }

  /// The same from a command that has printed its report, the JSON of which has it.
  func reported(_ isJSON: Bool) -> CommandError {
    var result = self
    result.isReported = isJSON
    return result
  }

  /// The same about these parts.
  func about(_ detail: ErrorDetail) -> CommandError {
    var result = self
    result.detail = detail
    return result
  }

  init(message: String?, code: Int32, _ detail: ErrorDetail) {
    self.message = message
    self.code = code
    self.detail = detail
  }

  /// The JSON of a command that printed none; nil if there is nothing to say.
  var report: FailureReport? {
    guard let message, !isReported else { return nil }
    return FailureReport(
      detail, message: message, exitCode: code, devices: devices, partial: partial)
  }

  /// The message and the code for an error of Ferry's modules; nil for any other.
  init?(_ error: any Error) {
    switch error {
    case let error as CommandError: self = error
    case let error as StreamIOError: self.init(error)
    case let error as InputError: self.init(error)
    case let error as CopyError<StreamIOError, InputError>: self.init(error.cause)
    case let error as DeviceURI.Malformed: self = .usage("\(error)")
    case let error as DeviceOpenError: self.init(error)
    case let error as DeviceError: self = .device("\(error)").about(ErrorDetail(error))
    case let error as ControlRefusal: self.init(error)
    case let error as FileContentError: self = .damaged("\(error)").about(error.detail)
    default: return nil
    }
  }

  private init(_ error: InputError) {
    switch error.cause {
    case .file(let cause): self.init(cause)
    case .absent(let expected, let found):
      var detail = ErrorDetail("absent", file: error.name)
      detail.expected = expected
      detail.found = found
      self.init(message: TerminalText.text("\(error)"), code: 1, detail)
    case .ambiguous:
      self = .usage(TerminalText.text("\(error)")).about(
        ErrorDetail("ambiguous", file: error.name))
    case .unsuitable: self = .no(TerminalText.text("\(error)"))
    case .kind(let kind, let expected, _):
      var detail = ErrorDetail("kind", file: error.name)
      detail.expected = expected
      detail.found = "\(kind)"
      self.init(message: TerminalText.text("\(error)"), code: 3, detail)
    case .qemuStream(let cause): self.init(cause, in: error.name)
    case .space(let cause):
      self.init(
        message: "\(error)", code: cause.code == .noDevice ? 1 : 3,
        ErrorDetail(cause, file: error.name))
    }
  }

  private init(_ error: ControlRefusal) {
    if case .device(let cause) = error {
      self = .device("\(cause)").about(ErrorDetail(cause))
    } else {
      self = .no("\(error)")
    }
  }

  private init(_ error: DeviceOpenError) {
    switch error {
    case .malformed: self = .usage("\(error)")
    case .absent: self = .no("\(error)")
    case .device(let cause): self = .device("\(error)").about(ErrorDetail(cause))
    }
  }

  /// The failure of a file without its name.
  static func reason(_ error: StreamIOError) -> String {
    switch error.cause {
    case .stream(let cause): "\(cause)"
    case .system(let errno, let attempt): "cannot \(attempt): \(errno)"
    case .content(let text): text
    }
  }

  /// The end of a command with a file that cannot be used.
  init(_ error: StreamIOError) {
    switch error.cause {
    case .stream(let cause):
      self.init(
        message: "\(error)\(cause.code.advice)", code: cause.code.exitCode, ErrorDetail(error))
    case .content: self.init(message: "\(error)", code: 3, ErrorDetail(error))
    case .system(.brokenPipe, _): self.init(message: nil, code: 5, ErrorDetail(error))
    case .system: self.init(message: "\(error)", code: 5, ErrorDetail(error))
    }
  }
}

/// A file whose content another module than the stream's refuses: a dump, a YAML text.
struct FileContentError: Error, CustomStringConvertible {
  let path: String
  let reason: String
  let detail: ErrorDetail

  /// Runs `body`; an error of a module that knows no files gets the name of this one.
  static func naming<Result>(_ path: String, _ body: () throws -> Result) throws -> Result {
    do {
      return try body()
    } catch let error as YAMLError {
      throw FileContentError(
        path: path, reason: ":\(error)", detail: ErrorDetail(error, file: path))
    } catch let error as LayoutError {
      throw FileContentError(
        path: path, reason: ":\(error)", detail: ErrorDetail(error, file: path))
    } catch let error as PCIConfigError {
      let isLine = if case .text = error.place { true } else { false }
      throw FileContentError(
        path: path, reason: "\(isLine ? ":" : ": ")\(error)",
        detail: ErrorDetail(error, file: path))
    }
  }

  var description: String { path + reason }
}

extension StreamError.Code {
  fileprivate var exitCode: Int32 { self == .compression ? 5 : isDamage ? 3 : 1 }

  /// The way out, if there is one.
  fileprivate var advice: String {
    switch self {
    case .unsupportedVersion, .unsupportedFeature, .unknownMandatoryRecord, .unknownMandatoryField:
      "; a newer ferry may read it"
    case .missingDictionary: "; a newer ferry may have it"
    case .oneChannel: "; ferry merge takes all of them, and makes a stream of them"
    case .windowExceeded: "; --window accepts as much memory as it takes"
    case .headerChecksum, .payloadChecksum, .corruptChunk, .torn:
      "; --salvage of inspect and extract gives what is intact"
    default: ""
    }
  }
}
