import ByteIO
import TestSupport
import Testing

@Suite struct ByteBufferTests {
  /// Whatever is done to a buffer, it holds the bytes that an array would hold.
  @Test(arguments: seeds(32))
  func aBufferHoldsWhatAnArrayWould(seed: UInt64) {
    var random = SplitMix64(seed: seed)
    var buffer = ByteBuffer()
    var model: [UInt8] = []
    for _ in 0..<200 {
      switch Int.random(in: 0..<6, using: &random) {
      case 0:
        let more = (0..<Int.random(in: 0..<90, using: &random)).map { _ in
          UInt8(truncatingIfNeeded: random.next())
        }
        buffer.append(more)
        model += more
      case 1:
        let count = Int.random(in: 0...model.count, using: &random)
        buffer.removeFirst(count)
        model.removeFirst(count)
      case 2:
        buffer.append(repeating: 7, count: 5)
        model += [7, 7, 7, 7, 7]
      case 3:
        buffer.reserve(model.count + Int.random(in: 0..<5000, using: &random))
      case 4:
        let came = buffer.fill(limit: 3) { span in
          for index in 0..<min(2, span.byteCount) {
            span.storeBytes(of: 9, toByteOffset: index, as: UInt8.self)
          }
          return min(2, span.byteCount)
        }
        model += Array(repeating: 9, count: came)
      default:
        var other = ByteBuffer()
        other.append([1, 2, 3, 4])
        buffer.append(other, 1..<3)
        model += [2, 3]
      }
      #expect([UInt8](buffer.bytes) == model)
    }
    let capacity = buffer.capacity
    buffer.removeAll()
    #expect(buffer.count == 0 && buffer.capacity == capacity)
  }
}
