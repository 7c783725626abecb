import ArgumentParser
import Inputs
import MigrationStream
import StreamIO

/// `ferry merge`: the channels of a stream, as one.
struct Merge: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Make one stream of all channels of one.",
    discussion: """
      A stream that went over several connections has its chunks dealt to as many channels. All of \
      them together are the stream; they are checked as 'ferry verify' checks one, and come in any order.

      Example: ferry merge a0.dms a1.dms a2.dms -o a.dms
      """)

  @Argument(help: ArgumentHelp("Each channel.", valueName: "channel"), completion: .file())
  var channels: [String]

  @Option(name: .shortAndLong, help: "Where the stream goes.", completion: .file())
  var output: String

  @OptionGroup var reading: ReadingOptions

  func validate() throws {
    guard channels.filter({ $0 == "-" }).count < 2 else {
      throw ValidationError("Expected '-' (standard input) at most once.")
    }
    guard channels.count <= Int(StreamHeader.channelLimit) else {
      throw ValidationError("Expected at most \(StreamHeader.channelLimit) channels.")
    }
  }

  func run() throws {
    var limits = reading.channelLimits
    limits.windowByteCount /= UInt64(channels.count)
    var reader = try StripedReader(channelCount: channels.count) { (number) throws(StreamIOError) in
      StreamReader(
        try InputFile(path: channels[Int(number)]), limits: limits, threads: reading.threadCount)
    }
    let header = try reader.open()
    var writer = try StreamWriter(
      to: OutputFile(path: output),
      header: StreamHeader(
        uuid: header.uuid,
        limits: StreamLimits(
          chunkByteCount: header.limits.chunkByteCount,
          metadataByteCount: header.limits.metadataByteCount)), threads: reading.threadCount)
    try reader.copy(into: &writer)
    try writer.finish()
  }
}
