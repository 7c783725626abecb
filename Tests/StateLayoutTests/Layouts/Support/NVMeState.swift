import StateTestSupport
import TestSupport

/// The state of an NVMe controller, in either packing.
struct NVMeState {
  enum Packing { case specification, linux }

  struct SubmissionQueue {
    var address: UInt64 = 0x1_0000
    var size: UInt16 = 64
    var id: UInt16
    var completionQueue: UInt16
    var attributes: UInt16 = 1
    var head: UInt16 = 5
    var tail: UInt16 = 9
    var reserved: UInt32 = 0
  }

  struct CompletionQueue {
    var address: UInt64 = 0x2_0000
    var size: UInt16 = 64
    var id: UInt16
    var head: UInt16 = 3
    var tail: UInt16 = 4
    var attributes: UInt32 = 0x0001_0003
    var reserved: UInt32 = 0
  }

  var packing: Packing
  var version: UInt16 = 0
  var attributes: UInt8 = 1
  var reserved: [UInt8] = Array(repeating: 0, count: 13)
  /// What the header says where it lies.
  var size: UInt64?
  var vendorSize: UInt64?
  var innerVersion: UInt16 = 0
  var innerReserved: UInt16 = 0
  var submissionQueues: [SubmissionQueue]
  var completionQueues: [CompletionQueue]
  /// Bytes behind the queues.
  var padding: [UInt8]?
  var vendorState: [UInt8] = []

  var bytes: [UInt8] {
    var inner = StateWriter()
    inner.put(innerVersion)
    inner.put(UInt16(submissionQueues.count))
    inner.put(UInt16(completionQueues.count))
    inner.put(innerReserved)
    for queue in submissionQueues {
      inner.put(queue.address)
      inner.put(queue.size)
      inner.put(queue.id)
      inner.put(queue.completionQueue)
      inner.put(queue.attributes)
      inner.put(queue.head)
      inner.put(queue.tail)
      inner.put(queue.reserved)
    }
    for queue in completionQueues {
      inner.put(queue.address)
      inner.put(queue.size)
      inner.put(queue.id)
      inner.put(queue.head)
      inner.put(queue.tail)
      switch packing {
      case .specification: inner.put(queue.attributes)
      case .linux: inner.put(UInt16(truncatingIfNeeded: queue.attributes))
      }
      inner.put(queue.reserved)
    }
    inner.put(padding ?? Array(repeating: 0, count: inner.bytes.count % 4))
    var writer = StateWriter()
    writer.put(version)
    writer.put(attributes)
    writer.put(reserved)
    let size = size ?? UInt64(inner.bytes.count / 4)
    let vendorSize = vendorSize ?? UInt64(vendorState.count / 4)
    switch packing {
    case .specification:
      writer.put(size)
      writer.put(0 as UInt64)
      writer.put(vendorSize)
      writer.put(0 as UInt64)
    case .linux:
      writer.put(UInt16(size))
      writer.put(UInt16(vendorSize))
    }
    writer.put(inner.bytes)
    writer.put(vendorState)
    return writer.bytes
  }

  static func sample(_ packing: Packing) -> NVMeState {
    NVMeState(
      packing: packing,
      submissionQueues: [
        SubmissionQueue(id: 1, completionQueue: 1),
        SubmissionQueue(
          address: 0x5_0000, size: 1024, id: 2, completionQueue: 1, attributes: 5, head: 1000,
          tail: 1),
      ],
      completionQueues: [CompletionQueue(size: 2048, id: 1)], vendorState: [1, 2, 3, 4])
  }

  static func random(_ packing: Packing, seed: UInt64) -> NVMeState {
    var generator = SplitMix64(seed: seed)
    func short() -> UInt16 { UInt16(truncatingIfNeeded: generator.next()) }
    let completionCount = UInt16.random(in: 0...20, using: &generator)
    let submissionCount =
      completionCount == 0 ? 0 : UInt16.random(in: 0...20, using: &generator)
    let completions = (0..<completionCount).map { index -> CompletionQueue in
      let size = UInt16.random(in: 2...4096, using: &generator)
      return CompletionQueue(
        address: generator.next() & ~0xfff, size: size, id: index + 1, head: short() % size,
        tail: short() % size, attributes: UInt32(short()) << 16 | UInt32(short() % 8))
    }
    let submissions = (0..<submissionCount).map { index -> SubmissionQueue in
      let size = UInt16.random(in: 2...4096, using: &generator)
      return SubmissionQueue(
        address: generator.next() & ~0xfff, size: size, id: index + 1,
        completionQueue: 1 + short() % completionCount, attributes: short() % 8,
        head: short() % size, tail: short() % size)
    }
    return NVMeState(
      packing: packing, submissionQueues: submissions, completionQueues: completions,
      vendorState: generator.bytes(4 * Int.random(in: 0...50, using: &generator)))
  }
}
