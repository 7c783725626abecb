import ByteIO
import MigrationStream
import StreamIO
import TestSupport
import Testing

@Suite struct RandomAccessTests {
  /// Twenty chunks of 64 KiB of either of two devices, in turns.
  private static let builder: StreamBuilder = {
    var random = SplitMix64(seed: 7)
    var builder = StreamBuilder()
    builder.devices = [.init(), .init()]
    builder.pieces = (0..<40).map { number in
      StreamBuilder.Piece(
        device: UInt16(number % 2), context: .init(phase: .stopCopy),
        bytes: random.bytes(65536 - number))
    }
    return builder
  }()

  @Test(arguments: [true, false])
  func everyByteIsFoundInItsChunk(isIndexed: Bool) throws {
    var builder = Self.builder
    builder.indexThreshold = isIndexed ? 0 : .max
    let folder = try TemporaryFolder()
    let archive = try folder.archive(builder.encoded())
    for device in 0..<UInt16(2) {
      let state = builder.pieces.filter { $0.device == device }.flatMap(\.bytes)
      for offset in stride(from: 0, to: state.count, by: 30_011) {
        let found = try #require(try archive.chunk(of: device, containing: UInt64(offset)))
        let start = Int(found.chunk.stateOffset)
        #expect((start..<start + found.bytes.count).contains(offset))
        #expect(found.bytes == [UInt8](state[start..<start + found.bytes.count]))
      }
      #expect(try archive.chunk(of: device, containing: UInt64(state.count)) == nil)
    }
    #expect(try archive.chunk(of: 2, containing: 0) == nil)
  }

  @Test(arguments: [true, false], [1, 3, 20, 25, 40])
  func everyRangeIsReadHoweverFewPlacesAreKept(isIndexed: Bool, placeLimit: Int) throws {
    var builder = Self.builder
    builder.indexThreshold = isIndexed ? 0 : .max
    let folder = try TemporaryFolder()
    let state = try ArchivedState(
      folder.archive(builder.encoded()), placeLimit: placeLimit)
    #expect(state.catalog.devices.count == 2)
    for device in [1, 0, 1] as [UInt16] {
      let pieces = builder.pieces.filter { $0.device == device }
      let bytes = pieces.flatMap(\.bytes)
      for offset in stride(from: 0, to: bytes.count, by: 130_011) {
        let count = min(70_000, bytes.count - offset)
        var buffer = ByteBuffer()
        try state.read(device: device, at: UInt64(offset), count: count, into: &buffer)
        #expect([UInt8](buffer.bytes) == [UInt8](bytes[offset..<offset + count]))
      }
      var buffer = ByteBuffer()
      #expect(throws: StreamIOError.self) {
        try state.read(device: device, at: UInt64(bytes.count), count: 1, into: &buffer)
      }
      var chunks: [[UInt8]] = []
      try state.forEachChunk(of: device) { _, bytes in chunks.append(bytes) }
      #expect(chunks == pieces.map(\.bytes))
    }
    var buffer = ByteBuffer()
    #expect(throws: StreamIOError.self) {
      try state.read(device: 2, at: 0, count: 1, into: &buffer)
    }
  }
}
