import ArgumentParser
import ByteIO
import Reports

/// A command that prints JSON if asked, also about its failure.
protocol ReportingCommand: ParsableCommand {
  var json: Bool { get }
  /// Whether standard output is taken, so that the report goes to standard error.
  var reportsToStandardError: Bool { get }
}

extension ReportingCommand {
  var reportsToStandardError: Bool { false }

  var failureOutput: FailureOutput {
    json ? reportsToStandardError ? .standardError : .standardOutput : .none
  }
}

/// The place for the JSON of a failure.
enum FailureOutput {
  case none, standardOutput, standardError

  func print(_ failure: FailureReport) {
    switch self {
    case .none: break
    // If that fails too, the exit code and the message are all that is left to say.
    case .standardOutput: try? TextOutput.show(failure, asJSON: true)
    case .standardError: StandardError.print(failure.json.text)
    }
  }
}
