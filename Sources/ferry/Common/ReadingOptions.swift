import ArgumentParser
import MigrationStream
import StreamIO

/// What a command may spend on reading a stream, alike on all that do.
struct ReadingOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Threads that decode chunks, 1 to 256 (default: one for each processor).", valueName: "n"))
  var threads: ThreadCount?

  @Option(
    help: ArgumentHelp(
      "Refuse a stream whose chunks refer back further; the window takes that much memory.",
      valueName: "size"))
  var window = ByteSize(DecodingLimits.standardWindowByteCount)

  var threadCount: ThreadCount { threads ?? .processors }

  /// The same for who takes one of several channels by itself.
  var channelLimits: DecodingLimits {
    var limits = limits
    limits.takesOneChannel = true
    return limits
  }

  var limits: DecodingLimits {
    var limits = DecodingLimits.standard
    limits.windowByteCount = window.byteCount
    return limits
  }
}
