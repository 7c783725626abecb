import Inputs
import QEMUStream
import Reports
import StreamIO

extension QEMUMigration where Input == InputFile {
  /// The migration whose files these are.
  init(_ inputs: [QEMUInput]) throws {
    do throws(QEMUReadError<StreamIOError>) {
      try self.init(inputs.map(\.stream))
    } catch {
      throw CommandError.cause(of: error, in: inputs.map(\.name).joined(separator: ", "))
    }
  }
}

extension CommandError {
  /// An error of one side of a transfer; `path` is the file of the stream.
  static func cause<Source, Sink>(
    of error: QEMUTransferError<Source, Sink>, in path: String
  ) -> any Error {
    switch error {
    case .stream(let cause): CommandError(cause, in: path)
    case .source(let cause): cause
    case .sink(let cause): cause
    }
  }

  /// Runs `body`; an error of it is one of the file at `path`.
  static func naming<Result>(
    _ path: String, _ body: () throws(QEMUStreamError) -> Result
  ) throws(CommandError) -> Result {
    do throws(QEMUStreamError) {
      return try body()
    } catch {
      throw CommandError(error, in: path)
    }
  }

  /// The end of a command whose QEMU stream cannot be read on, or cannot be changed.
  init(_ error: QEMUStreamError, in path: String) {
    switch error.code {
    case .noDevice, .mismatch: self = .no("\(path): \(error)")
    case .irreplaceable: self = .no("\(path): \(Self.textWithoutPlace(error))")
    case .unsupported, .unsupportedVersion: self = .no("\(path): \(Self.text(error))")
    case .notAStream: self = .damaged("\(path): \(error)")
    case .noMainChannel: self = .damaged("\(path): \(Self.textWithoutPlace(error))")
    default: self = .damaged("\(path): \(Self.text(error))")
    }
    detail = ErrorDetail(error, file: path)
  }

  private static func text(_ error: QEMUStreamError) -> String {
    let section = error.section.map { " in section \($0)" } ?? ""
    return "cannot go on from offset \(error.offset)\(section), because it expected "
      + "\(error.expected) and found \(error.found)"
  }

  private static func textWithoutPlace(_ error: QEMUStreamError) -> String {
    TerminalText.text("expected \(error.expected), found \(error.found)")
  }
}
