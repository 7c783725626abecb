import ByteIO
import StateLayout
import StateTestSupport
import Synchronization

/// A state with a long run of zeros in its middle, which nobody holds, and a count of what was
/// read.
struct SparseState: StateSource {
  final class Count: Sendable {
    private let count = Atomic<UInt64>(0)
    var value: UInt64 { count.load(ordering: .relaxed) }
    func add(_ more: Int) { count.add(UInt64(more), ordering: .relaxed) }
  }

  let head: [UInt8]
  let hole: UInt64
  let tail: [UInt8]
  let readByteCount = Count()

  var byteCount: UInt64 { UInt64(head.count) + hole + UInt64(tail.count) }

  func read(at offset: UInt64, count: Int, into buffer: inout ByteBuffer) throws(Never) {
    readByteCount.add(count)
    let bytes = (offset..<offset + UInt64(count)).map { position -> UInt8 in
      if position < UInt64(head.count) { return head[Int(position)] }
      let behind = position - UInt64(head.count)
      return behind < hole ? 0 : tail[Int(behind - hole)]
    }
    buffer.append(bytes.span.raw)
  }
}
