import ByteIO
import MigrationStream
import StreamIO
import TestSupport
import Testing

/// Streams whose chunks refer to others, in files: read anywhere, compared, and salvaged.
@Suite struct DeltaStreamTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  @Test(arguments: [0, 3] as [UInt64], [true, false])
  func everyChunkIsReadByItself(seed: UInt64, isIndexed: Bool) throws {
    var random = SplitMix64(seed: seed)
    var builder = StreamBuilder.rounds(2, windowByteCount: 1 << 20, using: &random)
    builder.indexThreshold = isIndexed ? 0 : .max
    let archive = try StreamArchive(
      try InputFile(path: folder.write(try builder.encoded())))
    var deltaCount = 0
    for (device, state) in builder.states.enumerated() {
      for offset in stride(from: 0, to: state.count, by: 64 << 10) {
        let found = try #require(
          try archive.chunk(of: UInt16(device), containing: UInt64(offset + 5)))
        #expect(found.bytes == [UInt8](state[offset..<offset + found.bytes.count]))
        if case .reference = found.chunk.dependency { deltaCount += 1 }
      }
    }
    #expect(deltaCount > 0)
  }

  @Test(arguments: [1, 2, 5]) func aWriterWithThreadsMakesTheSame(count: Int) throws {
    var random = SplitMix64(seed: 1)
    var builder = StreamBuilder.rounds(
      4, chunkCount: 8, windowByteCount: 768 << 10, using: &random)
    builder.indexThreshold = 8
    // Many index blocks, for they count in the distances.
    builder.header.limits = StreamLimits(
      chunkByteCount: 64 << 10, metadataByteCount: 5 * 48 + 32, windowByteCount: 768 << 10)
    let threads = try #require(ThreadCount(count))
    var writer = try StreamWriter(
      to: OutputFile(path: folder["out"]), header: builder.header, threads: threads)
    try writer.write(.information(builder.information))
    for device in 0..<UInt16(2) { try writer.write(.identity(DeviceIdentity(), device: device)) }
    for piece in builder.pieces {
      for start in stride(from: 0, to: piece.bytes.count, by: 64 << 10) {
        try writer.write(
          piece.bytes.span.raw.extracting(start..<start + 64 << 10), device: piece.device,
          context: piece.context)
      }
    }
    try writer.finish()
    let bytes = try InputFile(path: folder["out"]).contents(limit: 1 << 26)
    #expect(bytes == (try builder.encoded()))
    let stream = try DecodedStream(bytes)
    #expect((0..<2).map { stream.states[$0] ?? [] } == builder.states)
    let comparison = StreamComparison(
      try StreamArchive(try InputFile(path: folder["out"])),
      try StreamArchive(try InputFile(path: folder.write(bytes, to: "again"))), threads: threads)
    #expect(try comparison.differences().isEmpty)
    var reader = StreamReader(try InputFile(path: folder["out"]), threads: threads)
    var states: [UInt16: [UInt8]] = [:]
    while let record = try reader.next() {
      guard case .chunk(let chunk) = record else { continue }
      states[chunk.device, default: []] += [UInt8](try reader.chunkBytes())
    }
    #expect((0..<2).map { states[$0] ?? [] } == builder.states)
  }

  /// A chunk that is lost takes those with it that refer to it, and no others.
  @Test(arguments: [true, false]) func whatRefersToALostChunkIsLostWithIt(isIndexed: Bool) throws {
    var random = SplitMix64(seed: 2)
    var builder = StreamBuilder.rounds(3, windowByteCount: 1 << 20, using: &random)
    builder.indexThreshold = isIndexed ? 0 : .max
    let bytes = try builder.encoded()
    let whole = try DecodedStream(bytes)
    let stream = MutableStream(bytes)
    var position = StreamHeader.byteCount
    for (number, record) in stream.records.enumerated() {
      defer { position += record.header.count + record.payload.count }
      guard record.type == RecordType.stateChunk.rawValue else { continue }
      var lost: [UInt16: ByteRanges] = [:]
      for (other, record) in whole.records.enumerated() {
        guard case .chunk(let chunk) = record else { continue }
        var isLost = other == number
        if case .reference(let distance) = chunk.dependency, other - Int(distance) == number {
          isLost = true
        }
        if isLost {
          lost[chunk.device, default: ByteRanges()].append(
            chunk.stateOffset..<chunk.stateOffset + UInt64(chunk.byteCount))
        }
      }
      var damaged = bytes
      damaged[position + 32 + record.payload.count - 1] ^= 0x55
      var salvage = try StreamSalvage(try InputFile(path: folder.write(damaged)))
      while let record = try salvage.next() {
        guard case .chunk(let chunk) = record.content else { continue }
        let start = Int(chunk.stateOffset)
        #expect(
          [UInt8](salvage.chunkBytes)
            == [UInt8](builder.states[Int(chunk.device)][start..<start + Int(chunk.byteCount)]))
      }
      for device in builder.devices.indices {
        #expect(salvage.report.losses[device].missing == lost[UInt16(device)] ?? ByteRanges())
      }
    }
  }
}
