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
    let folder = TemporaryFolder()
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
}
