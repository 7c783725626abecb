import ArgumentParser
import MigrationStream
import StreamIO

/// How a command codes a stream, alike on all that do.
struct CodingOptions: ParsableArguments {
  @Option(help: ArgumentHelp("raw, zstd or zstd:LEVEL (1 to 22, or below 0).", valueName: "coding"))
  var compression = CompressionOption(.standard)

  @Option(
    name: .customLong("chunk"),
    help: ArgumentHelp("State bytes of a chunk, 64KiB to 4MiB.", valueName: "size"))
  var chunkSize = ByteSize(1 << 20)

  @Option(
    help: ArgumentHelp(
      "Code pre-copy state that is sent again against what was sent before, as far as that lies in a "
        + "window of this size, which readers need as memory; 0 for not at all.",
      valueName: "size"))
  var window: ByteSize?

  @Option(
    help: ArgumentHelp(
      "Threads that code chunks, 1 to 256 (default: one for each processor).", valueName: "n"))
  var threads: ThreadCount?

  func validate() throws {
    guard StreamLimits.chunkRange.contains(Int(clamping: chunkSize.byteCount)) else {
      throw ValidationError("Expected --chunk from 64KiB to 4MiB, found \(chunkSize).")
    }
    let window = window?.byteCount ?? 0
    guard window == 0 || (chunkSize.byteCount...1 << 40).contains(window) else {
      throw ValidationError(
        "Expected a --window of a chunk (\(chunkSize)) to 1 TiB, or 0, found \(ByteSize(window)).")
    }
  }

  var threadCount: ThreadCount { threads ?? .processors }

  /// The header of the stream: with a window only where one was asked for, or state may be sent `again`.
  func header(uuid: StreamUUID? = nil, again: Bool) -> StreamHeader {
    let isUseful = again && compression.compression != .raw
    let window = window?.byteCount ?? (isUseful ? DecodingLimits.standardWindowByteCount : 0)
    return StreamHeader(
      uuid: uuid ?? .random(),
      limits: StreamLimits(
        chunkByteCount: UInt32(chunkSize.byteCount),
        metadataByteCount: StreamLimits.standard.metadataByteCount, windowByteCount: window))
  }

  /// A writer of such a stream; says what it will need where that is much.
  func writer(to output: String, _ header: StreamHeader) throws -> StreamWriter {
    compression.announceMemory(chunkSize: chunkSize)
    return try StreamWriter(
      to: OutputFile(path: output), header: header, compression: compression.compression,
      threads: threadCount)
  }
}
