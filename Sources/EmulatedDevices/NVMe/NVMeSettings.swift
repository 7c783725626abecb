/// The settings of an NVMe controller with movable state (NVMe 2.1, TP4159).
struct NVMeSettings: Sendable, Hashable {
  /// How the state is laid out.
  enum Packing: String, Sendable, Hashable {
    case specification = "nvme-tp4159"
    /// As the series of August 2025 for Linux has it: sizes of 16 bits, and no interrupt vectors.
    case linuxProposal = "nvme-linux-rfc"
  }

  var packing = Packing.specification
  /// Pairs of I/O queues that the controller has, and that its guest made.
  var queueLimit = 16
  var queueCount = 4
  /// The entries of a queue: at most `MQES` + 1.
  var depthLimit = 1024
  var depth = 256
  var vectorCount = 17
  /// Whether the guest's completion queues interrupt, or are polled.
  var usesInterrupts = true
  /// Whether queues must be contiguous (`CAP.CQR`).
  var needsContiguousQueues = true
  /// Whether submission queues may have priorities (weighted round robin, `CAP.AMS`).
  var hasPriorities = false
  /// The version of the state that the controller gives and takes.
  var stateVersion: UInt16 = 0
  /// The dwords of state that are the vendor's, and which vendor's.
  var vendorDwordCount = 0
  var vendor: UInt64 = 1
  /// The most that the driver moves.
  var byteCountLimit = 256 << 10
  var seed: UInt64 = 0

  /// The first thing that is wrong with the settings.
  var defect: String? {
    if !(0...queueLimit).contains(queueCount) {
      return "expected at most \(queueLimit) queues, found \(queueCount)"
    }
    if !(2...depthLimit).contains(depth) {
      return "expected queues of 2 to \(depthLimit) entries, found \(depth)"
    }
    if vendorDwordCount != 0, vendorDwordCount < 4 {
      return "expected no vendor state or at least 4 dwords of it, found \(vendorDwordCount)"
    }
    if packing == .linuxProposal {
      // Each kind of state may have 1024 dwords (vfio-nvme of that series).
      if !(0...88).contains(queueCount) {
        return "expected at most 88 queues in the packing for Linux, found \(queueCount)"
      }
      if vendorDwordCount > 1024 {
        return "expected at most 1024 dwords in the packing for Linux, found \(vendorDwordCount)"
      }
    }
    return nil
  }
}
