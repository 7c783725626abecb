import CFerry
import MigrationStream

/// How a caller wants a stream to be written.
struct StreamCoding {
  let information: StreamInformation
  let header: StreamHeader
  let compression: Compression

  init(_ options: ferry_writer_options) throws(Failure) {
    guard Int(options.flags) & ~FERRY_WRITER_RAW == 0, options.reserved == 0 else {
      throw Failure(
        argument: "options.flags", "FERRY_WRITER_RAW or 0, and 0 in reserved",
        found: "\(options.flags) and \(options.reserved)")
    }
    guard options.level <= 22, options.level >= -131072 else {
      throw Failure(argument: "options.level", "-131072 to 22", found: "\(options.level)")
    }
    information = StreamInformation(
      producer: try CallerBytes.optionalText(options.producer, "options.producer")
        ?? "libferry \(Library.version)",
      kernelRelease: try CallerBytes.optionalText(
        options.kernel_release, "options.kernel_release"),
      machine: try CallerBytes.optionalText(options.machine, "options.machine"),
      time: options.time == 0 ? nil : options.time)
    let level = options.level == 0 ? 1 : Int(options.level)
    compression = Int(options.flags) & FERRY_WRITER_RAW != 0 ? .raw : .zstd(level: level)
    let limits = StreamLimits(
      chunkByteCount: options.chunk_size == 0 ? 1 << 20 : options.chunk_size,
      metadataByteCount: StreamLimits.standard.metadataByteCount,
      windowByteCount: options.window_size)
    header = StreamHeader(uuid: .random(), limits: limits)
  }
}
