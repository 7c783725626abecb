import ArgumentParser
import StreamIO

/// `--threads N`, alike on every command that codes or decodes chunks.
struct ThreadsOption: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Threads that code or decode chunks (default: one for each processor).", valueName: "n"),
    transform: { text in
      guard let count = Int(text).flatMap(ThreadCount.init) else {
        throw ValidationError("Expected --threads from 1 to \(ThreadCount.range.upperBound).")
      }
      return count
    })
  var threads: ThreadCount?

  var count: ThreadCount { threads ?? .processors }
}
