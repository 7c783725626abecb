import ArgumentParser
import ByteIO
import MigrationStream
import StreamIO

/// How a command codes a stream, alike on all that do.
struct CodingOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "raw, zstd, zstd:LEVEL (1 to 22, or below 0), or auto: whatever keeps up with the output (default: "
        + "zstd:1; auto for what is captured into a pipe or a socket).",
      valueName: "coding"), completion: .coding)
  var compression: CodingPolicy?

  @Option(
    name: .customLong("chunk"),
    help: ArgumentHelp(
      "State bytes of a chunk, 64KiB to 4MiB (default: 1MiB).", valueName: "size"))
  var chosenChunkSize: ByteSize?

  @Option(
    help: ArgumentHelp(
      "Code pre-copy state that is sent again against what was sent before, as far as that lies in a "
        + "window of this size, which readers need as memory; 0 for not at all (default: 64MiB for a "
        + "capture with no more state than that, else 0).",
      valueName: "size"))
  var window: ByteSize?

  @Flag(
    name: .customLong("dictionaries"),
    help:
      "Code small states with a dictionary of their driver's, which readers need: those of ferry have it."
  )
  var usesDictionaries = false

  @Option(
    help: ArgumentHelp(
      "Threads that code chunks, 1 to 256 (default: one for each processor).", valueName: "n"))
  var threads: ThreadCount?

  @Option(
    help: ArgumentHelp("The stream's UUID (default: a random one).", valueName: "uuid"),
    transform: { text in
      guard let uuid = StreamUUID(text) else {
        throw ValidationError("Expected a UUID such as 83b8f4f2-509f-382f-3c1e-e6bfe0fa1001.")
      }
      return uuid
    })
  var uuid: StreamUUID?

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

  private var chunkSize: ByteSize { chosenChunkSize ?? ByteSize(1 << 20) }

  /// Those that were given and mean nothing without a stream; how many threads there are shows
  /// nowhere.
  var given: [String] {
    [
      ("--compression", compression != nil), ("--chunk", chosenChunkSize != nil),
      ("--window", window != nil), ("--dictionaries", usesDictionaries), ("--uuid", uuid != nil),
    ].filter(\.1).map(\.0)
  }

  var threadCount: ThreadCount { threads ?? .processors }

  /// The header of the stream: with a window if one was asked for, or helps.
  private func header(
    stateSentAgain: UInt64, windowLimit: UInt64, _ coding: CodingPolicy
  ) -> StreamHeader {
    let window = min(
      windowLimit, window?.byteCount ?? coding.windowByteCount(stateSentAgain: stateSentAgain))
    var features: StreamHeader.MandatoryFeatures = window > 0 ? .deltas : []
    if usesDictionaries { features.insert(.dictionaries) }
    return StreamHeader(
      uuid: uuid ?? .random(),
      limits: StreamLimits(
        chunkByteCount: UInt32(chunkSize.byteCount),
        metadataByteCount: StreamLimits.standard.metadataByteCount, windowByteCount: window),
      mandatoryFeatures: features)
  }

  /// The coding of a stream; says what it will need if that is much. The parameters are those of
  /// `writer`.
  func coding(
    stateSentAgain: UInt64 = 0, standard: CodingPolicy = .fixed(.standard),
    windowLimit: UInt64? = nil
  ) -> StreamCoding {
    let coding = compression ?? standard
    coding.announceMemory(chunkSize: chunkSize)
    return StreamCoding(
      header(stateSentAgain: stateSentAgain, windowLimit: windowLimit ?? .max, coding),
      policy: coding, threads: threadCount)
  }

  /// A writer of a stream into `output`; says what it will need if that is much.
  ///
  /// - Parameters:
  ///   - stateSentAgain: the bytes of state that may be sent more than once.
  ///   - standard: the coding unless the user has asked for another.
  ///   - windowLimit: the most memory that the reader gives for what was sent before.
  ///   - limits: those of the stream that is copied, whose chunks fit the new one's.
  func writer(
    to output: consuming any ByteSink<StreamIOError> & ~Copyable, stateSentAgain: UInt64 = 0,
    standard: CodingPolicy = .fixed(.standard), windowLimit: UInt64? = nil,
    limits: StreamLimits? = nil
  ) throws(StreamIOError) -> StreamWriter {
    var coding = coding(
      stateSentAgain: stateSentAgain, standard: standard, windowLimit: windowLimit)
    if let limits {
      coding.header.limits.chunkByteCount = max(
        coding.header.limits.chunkByteCount, limits.chunkByteCount)
      coding.header.limits.metadataByteCount = max(
        coding.header.limits.metadataByteCount, limits.metadataByteCount)
    }
    return try coding.writer(to: output)
  }
}
