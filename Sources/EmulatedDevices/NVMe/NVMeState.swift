import ByteIO

/// The state of an NVMe controller (NVMe 2.1, 5.1.16: TP4159); little-endian.
struct NVMeState: Sendable, Hashable {
  /// An I/O submission queue: 24 bytes.
  struct SubmissionQueue: Sendable, Hashable {
    var address: UInt64
    var size: UInt16
    var id: UInt16
    var completionID: UInt16
    /// Bit 0 contiguous, bits 1 and 2 the priority.
    var attributes: UInt16
    var head: UInt16
    var tail: UInt16
  }

  /// An I/O completion queue: 24 bytes.
  struct CompletionQueue: Sendable, Hashable {
    var address: UInt64
    var size: UInt16
    var id: UInt16
    var head: UInt16
    var tail: UInt16
    /// Bit 0 contiguous, bit 1 interrupts, bit 2 the phase; the vector from bit 16 on.
    var attributes: UInt32
  }

  /// Version and the two numbers of queues.
  static let controllerByteCount = 8
  static let queueByteCount = 24
  static let contiguous: UInt16 = 1

  var version: UInt16
  /// Bit 0: the controller is suspended.
  var attributes: UInt8 = 1
  var controllerVersion: UInt16
  var submissionQueues: [SubmissionQueue] = []
  var completionQueues: [CompletionQueue] = []
  var vendorState: [UInt8] = []

  /// The state of the controller that a guest's driver has set up.
  init(_ settings: NVMeSettings, _ workload: inout GuestWorkload) {
    version = settings.stateVersion
    controllerVersion = settings.stateVersion
    for index in 0..<settings.queueCount {
      let id = UInt16(index + 1)
      // Fields that the packing has no room for are not part of the state.
      let vector =
        settings.packing == .specification ? min(index + 1, settings.vectorCount - 1) : 0
      submissionQueues.append(
        SubmissionQueue(
          address: workload.page(), size: UInt16(settings.depth - 1), id: id, completionID: id,
          attributes: Self.contiguous, head: UInt16(workload.index(below: settings.depth)),
          tail: UInt16(workload.index(below: settings.depth))))
      completionQueues.append(
        CompletionQueue(
          address: workload.page(), size: UInt16(settings.depth - 1), id: id,
          head: UInt16(workload.index(below: settings.depth)),
          tail: UInt16(workload.index(below: settings.depth)),
          attributes: UInt32(Self.contiguous) | UInt32(workload.index(below: 2)) << 2
            | (settings.usesInterrupts ? 2 | UInt32(vector) << 16 : 0)))
    }
    if settings.vendorDwordCount > 0 {
      var writer = ByteWriter()
      writer.little(settings.vendor)
      writer.little(settings.vendor)
      while writer.count < 4 * settings.vendorDwordCount { writer.little(workload.word()) }
      vendorState = writer.bytes
    }
  }

  /// The state as it is handed out; vectors are left out if the packing has none.
  func bytes(_ packing: NVMeSettings.Packing) -> [UInt8] {
    var writer = ByteWriter()
    let byteCount = Self.byteCount(submissionQueues.count, completionQueues.count, packing)
    let dwords = (byteCount + 3) / 4
    writer.little(version)
    writer.append([attributes] + [UInt8](repeating: 0, count: 13))
    for count in [dwords, vendorState.count / 4] {
      switch packing {
      case .specification:
        writer.little(UInt64(count))
        writer.little(0 as UInt64)
      case .linuxProposal: writer.little(UInt16(count))
      }
    }
    writer.little(controllerVersion)
    writer.little(UInt16(submissionQueues.count))
    writer.little(UInt16(completionQueues.count))
    writer.little(0 as UInt16)
    for queue in submissionQueues {
      writer.little(queue.address)
      for value in [
        queue.size, queue.id, queue.completionID, queue.attributes, queue.head, queue.tail,
      ] { writer.little(value) }
      writer.little(0 as UInt32)
    }
    for queue in completionQueues {
      writer.little(queue.address)
      for value in [queue.size, queue.id, queue.head, queue.tail] { writer.little(value) }
      switch packing {
      case .specification: writer.little(queue.attributes)
      case .linuxProposal: writer.little(UInt16(truncatingIfNeeded: queue.attributes))
      }
      writer.little(0 as UInt32)
    }
    writer.append([UInt8](repeating: 0, count: 4 * dwords - byteCount) + vendorState)
    return writer.bytes
  }

  /// The controller's state without what fills it up to dwords.
  private static func byteCount(
    _ submissionCount: Int, _ completionCount: Int, _ packing: NVMeSettings.Packing
  ) -> Int {
    let completionByteCount = packing == .specification ? queueByteCount : queueByteCount - 2
    return controllerByteCount + queueByteCount * submissionCount
      + completionByteCount * completionCount
  }

  /// The state in `bytes`; nil if its lengths do not add up.
  init?(parsing bytes: [UInt8], _ packing: NVMeSettings.Packing) {
    var reader = ByteReader(bytes.span.raw)
    do throws(ByteError) {
      version = try reader.little(UInt16.self)
      attributes = try reader.little(UInt8.self)
      try reader.skip(13)
      var counts: [Int] = []
      for _ in 0..<2 {
        switch packing {
        case .specification:
          let count = try reader.little(UInt64.self)
          guard try reader.little(UInt64.self) == 0, count <= UInt64(bytes.count) else {
            return nil
          }
          counts.append(4 * Int(count))
        case .linuxProposal: counts.append(4 * Int(try reader.little(UInt16.self)))
        }
      }
      guard reader.remaining == counts[0] + counts[1] else { return nil }
      controllerVersion = try reader.little(UInt16.self)
      let submissionCount = Int(try reader.little(UInt16.self))
      let completionCount = Int(try reader.little(UInt16.self))
      try reader.skip(2)
      let byteCount = Self.byteCount(submissionCount, completionCount, packing)
      guard counts[0] == (byteCount + 3) / 4 * 4 else { return nil }
      for _ in 0..<submissionCount {
        submissionQueues.append(
          SubmissionQueue(
            address: try reader.little(UInt64.self), size: try reader.little(UInt16.self),
            id: try reader.little(UInt16.self), completionID: try reader.little(UInt16.self),
            attributes: try reader.little(UInt16.self), head: try reader.little(UInt16.self),
            tail: try reader.little(UInt16.self)))
        try reader.skip(4)
      }
      for _ in 0..<completionCount {
        completionQueues.append(
          CompletionQueue(
            address: try reader.little(UInt64.self), size: try reader.little(UInt16.self),
            id: try reader.little(UInt16.self), head: try reader.little(UInt16.self),
            tail: try reader.little(UInt16.self),
            attributes: packing == .specification
              ? try reader.little(UInt32.self) : UInt32(try reader.little(UInt16.self))))
        try reader.skip(4)
      }
      try reader.skip(counts[0] - byteCount)
      vendorState = [UInt8](try reader.take(counts[1]))
    } catch {
      return nil
    }
  }

  /// Whether a controller with `settings` can go on from here.
  func fits(_ settings: NVMeSettings) -> Bool {
    guard version == settings.stateVersion, controllerVersion == settings.stateVersion,
      attributes & 1 == 1
    else { return false }
    let completionIDs = Set(completionQueues.map(\.id))
    let submissionIDs = Set(submissionQueues.map(\.id))
    guard completionIDs.count == completionQueues.count,
      submissionIDs.count == submissionQueues.count
    else { return false }
    for queue in submissionQueues {
      let isContiguous = queue.attributes & Self.contiguous != 0
      guard (1...settings.queueLimit).contains(Int(queue.id)), queue.size > 0,
        Int(queue.size) < settings.depthLimit, completionIDs.contains(queue.completionID),
        isContiguous || !settings.needsContiguousQueues, queue.head <= queue.size,
        queue.tail <= queue.size, settings.hasPriorities || queue.attributes & 6 == 0
      else { return false }
    }
    for queue in completionQueues {
      let isContiguous = queue.attributes & 1 != 0
      guard (1...settings.queueLimit).contains(Int(queue.id)), queue.size > 0,
        Int(queue.size) < settings.depthLimit, isContiguous || !settings.needsContiguousQueues,
        queue.head <= queue.size, queue.tail <= queue.size,
        Int(queue.attributes >> 16) < settings.vectorCount
      else { return false }
    }
    return fitsVendor(settings)
  }

  // The vendor's state begins with who the vendor is.
  private func fitsVendor(_ settings: NVMeSettings) -> Bool {
    if vendorState.isEmpty { return true }
    guard settings.vendorDwordCount > 0, vendorState.count >= 16 else { return false }
    return vendorState.span.raw.little(UInt64.self, at: 0) == settings.vendor
  }
}
