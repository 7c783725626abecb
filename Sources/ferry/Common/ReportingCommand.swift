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

  /// Prints a report, and ends the command with `failure`, if there is one: it is the `error` of
  /// the report's JSON, so that there is one document.
  func finish(with report: some Report, _ failure: CommandError? = nil) throws {
    guard var failure else { return try TextOutput.show(report, asJSON: json) }
    if json {
      failure.partial = report.json
    } else {
      try TextOutput.show(report, asJSON: false)
    }
    throw failure
  }
}

/// The place for the JSON of a failure.
enum FailureOutput {
  case none, standardOutput, standardError

  /// Prints the JSON; false if it cannot be printed.
  func print(_ failure: FailureReport) -> Bool {
    switch self {
    case .none: return true
    case .standardOutput: return (try? TextOutput.show(failure, asJSON: true)) != nil
    case .standardError:
      StandardError.write(failure.json.text + "\n")
      return true
    }
  }
}
