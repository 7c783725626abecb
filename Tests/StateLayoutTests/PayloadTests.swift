import StateLayout
import StateTestSupport
import TestSupport
import Testing

@Suite struct PayloadTests {
  @Test(arguments: seeds(32))
  func piecesAreTheBytesTheyStandFor(_ seed: UInt64) {
    var random = SplitMix64(seed: seed)
    let source = random.bytes(1000)
    var payload = Payload()
    var bytes: [UInt8] = []
    for _ in 0..<20 {
      if Bool.random(using: &random) {
        let more = random.bytes(Int.random(in: 0...9, using: &random))
        payload.append(more)
        bytes += more
      } else {
        let start = Int.random(in: 0...900, using: &random)
        let end = start + Int.random(in: 0...100, using: &random)
        payload.append(Payload(source: UInt64(start)..<UInt64(end)))
        bytes += source[start..<end]
      }
    }
    #expect(payload.byteCount == UInt64(bytes.count))
    #expect(payload.bytes(from: StateBytes(source)) == bytes)
    let low = Int.random(in: 0...bytes.count, using: &random)
    let high = Int.random(in: low...bytes.count, using: &random)
    #expect(
      payload.slice(UInt64(low)..<UInt64(high)).bytes(from: StateBytes(source))
        == Array(bytes[low..<high]))
  }

  @Test func adjacentRunsAreOne() {
    var payload = Payload(source: 0..<10)
    payload.append(Payload(source: 10..<20))
    #expect(payload.pieces == [.source(0..<20)] && payload.loadedBytes == nil)
    var bytes: Payload = [1, 2]
    bytes.append([3])
    #expect(bytes.pieces == [.bytes([1, 2, 3])] && bytes.loadedBytes == [1, 2, 3])
    #expect(Payload().loadedBytes == [])
  }
}
