import ArgumentParser
import CGlibc
import Glibc
import Reports

/// Runs the command and turns what it throws into a message and an exit code.
@main enum Main {
  static func main() {
    // A closed pipe is an error like others, told by the write that meets it.
    signal(SIGPIPE, SIG_IGN)
    // Chunks of many sizes that are kept for a while would leave gaps that add up.
    ferry_return_blocks_from(128 << 10)
    exit(run(Array(CommandLine.arguments.dropFirst())))
  }

  /// Runs `ferry` with these arguments, gives what it has to say of errors to `report`, and returns
  /// its exit code.
  static func run(
    _ arguments: [String], report: (String) -> Void = { StandardError.print($0) }
  ) -> Int32 {
    do {
      var command = try Ferry.parseAsRoot(arguments)
      try command.run()
      return 0
    } catch {
      return exitCode(of: error, report: report)
    }
  }

  private static func exitCode(of error: any Error, report: (String) -> Void) -> Int32 {
    if let failure = CommandError(error) {
      if let message = failure.message { report("ferry: \(TerminalText.lines(message))") }
      return failure.code
    }
    let code = Ferry.exitCode(for: error)
    guard code == .success else {
      let text = Ferry.fullMessage(for: error)
      if !text.isEmpty { report(text) }
      // ArgumentParser's own code for wrong arguments is sysexits' 64.
      return code == .validationFailure ? 2 : code.rawValue
    }
    do {
      var output = try TextOutput()
      try output.print(Ferry.fullMessage(for: error))
      try output.finish()
      return 0
    } catch {
      return exitCode(of: error, report: report)
    }
  }
}
