import ArgumentParser
import CGlibc
import Glibc
import Reports

/// Runs the command and turns what it throws into a message and an exit code.
@main enum Main {
  static func main() {
    ferry_secure_standard_descriptors()
    // A closed pipe is an error like others, told by the write that meets it.
    signal(SIGPIPE, SIG_IGN)
    // Chunks of many sizes that are kept for a while would leave gaps that add up.
    ferry_return_blocks_from(128 << 10)
    SignalGuard.removeTemporaryNames()
    exit(run(Array(ProcessArguments.all.dropFirst())))
  }

  /// Runs `ferry` with these arguments, gives what it has to say of errors to `report`, and returns
  /// its exit code.
  static func run(
    _ arguments: [String], report: (String) -> Void = { StandardError.print($0) }
  ) -> Int32 {
    // What cannot be parsed is a failure too, and whoever asked for JSON gets some.
    let isJSON = arguments.contains(jsonOption)
    var output = isJSON ? FailureOutput.standardOutput : .none
    do {
      var command = try parse(arguments)
      output = (command as? any ReportingCommand)?.failureOutput ?? .none
      try command.run()
      return 0
    } catch {
      return exitCode(of: error, in: output, report: report)
    }
  }

  private static let jsonOption = "--json"

  /// The command that the arguments ask for.
  ///
  /// Of several faults the parser names an option that a command does not have, and `--json` is
  /// none of those that a subcommand which there is not has: the fault is then the other.
  private static func parse(_ arguments: [String]) throws -> any ParsableCommand {
    // The parser takes -hello for -h and some more, and helps.
    for argument in arguments.prefix(while: { $0 != "--" && $0 != "--then" })
    where argument.hasPrefix("-") && !argument.hasPrefix("--") && argument.unicodeScalars.count > 2
    {
      throw ValidationError(
        "Unknown option '\(argument)'; a file whose name begins with '-' is ./\(argument).")
    }
    do {
      return try Ferry.parseAsRoot(arguments)
    } catch {
      let others = arguments.filter { $0 != jsonOption }
      guard others.count < arguments.count, Ferry.exitCode(for: error) == .validationFailure else {
        throw error
      }
      _ = try parse(others)
      throw error
    }
  }

  private static func exitCode(
    of error: any Error, in output: FailureOutput, report: (String) -> Void
  ) -> Int32 {
    if let failure = CommandError(error) {
      let document = output == .none ? nil : failure.report
      // If the document cannot be printed, the message is all that is left to say.
      let isPrinted = document.map(output.print) ?? true
      // One document is all that standard error has if it is the place for reports.
      let isTold = failure.isTold || document != nil && output == .standardError
      if let message = failure.message, !isTold || !isPrinted {
        report("ferry: \(message)")
      }
      return failure.code
    }
    let code = Ferry.exitCode(for: error)
    guard code == .success else {
      let text = Ferry.fullMessage(for: error)
      if !text.isEmpty { report(text) }
      // ArgumentParser's own code for wrong arguments is sysexits' 64.
      let isUsage = code == .validationFailure
      let exit = isUsage ? 2 : code.rawValue
      _ = output.print(
        FailureReport(
          ErrorDetail(isUsage ? "usage" : "unexpected"), message: Ferry.message(for: error),
          exitCode: exit))
      return exit
    }
    do {
      var output = try TextOutput()
      try output.print(Ferry.fullMessage(for: error))
      try output.finish()
      return 0
    } catch {
      return exitCode(of: error, in: .none, report: report)
    }
  }
}
