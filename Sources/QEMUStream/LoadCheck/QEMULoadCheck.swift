import ByteIO
public import PCIConfig

/// The load check of QEMU, which compares a stream's configuration record with a destination
/// (`get_pci_config_device` in `hw/pci/pci.c`).
///
/// Every bit that is compared, and that guests neither write nor clear, must be the same. QEMU
/// stops at the first byte that differs; this lists them all.
public struct QEMULoadCheck: Sendable, Hashable {
  /// The answer.
  public enum Verdict: String, Sendable, Hashable, CaseIterable {
    /// QEMU would load the record.
    case accepted
    /// QEMU would refuse it.
    case refused
    /// The input lacks what an answer needs; `unknowns` says what.
    case unknown
  }

  /// A byte that would be refused.
  public struct Mismatch: Sendable, Hashable {
    /// The offset in the configuration space.
    public let offset: Int
    /// The byte in the stream.
    public let read: UInt8
    /// The byte of the destination.
    public let device: UInt8
    /// The bits that are compared.
    public let cmask: UInt8
    /// The bits that a guest writes, which are not compared.
    public let wmask: UInt8
    /// The bits that a guest clears, which are not compared.
    public let w1cmask: UInt8
    /// The capability and register that the byte belongs to.
    public let field: String
    /// The capability alone, `header`, or what the byte lies behind.
    public let owner: String
  }

  /// A property that QEMU's versions set to different values, with the other value.
  public struct MachineProperty: Sendable, Hashable {
    /// The device and the property: `vfio-pci.skip-vsc-check`.
    public let name: String
    /// The value that the check was not asked for.
    public let value: String
    /// The machine versions with that value: `9.0 and older`.
    public let machines: String
    /// The number of bytes that are refused with that value.
    public let refused: Int
    /// Whether the answer differs from the check's.
    public let changesAnswer: Bool
  }

  /// How the function was taken to come into the machine; nil for one that QEMU has not.
  public let function: QEMUFunction?
  /// The bytes that are refused, in ascending order.
  public let refused: [Mismatch]
  /// QEMU's message about the first one; nil if all are accepted.
  public let message: String?
  /// The properties whose other value could change the answer.
  public let machineProperties: [MachineProperty]
  /// Other reasons against the load, in sentences.
  public let reasons: [String]
  /// What the answer depends on and the input does not say, with the option that says it.
  public let unknowns: [String]
  /// Whether a dump lacks bytes that decide.
  public let lacksBytes: Bool
  /// Where the function sits whose dump lacks bytes, if that is known.
  public let lackingAddress: PCIAddress?
  /// How to get the function loaded, in sentences; empty if nothing stands against it.
  public let waysOut: [String]
  /// Limits of the prediction, in sentences.
  public let notes: [String]

  /// Whether QEMU would load the record; a refusal is certain whatever else is not known.
  public var verdict: Verdict {
    if !refused.isEmpty || !reasons.isEmpty { return .refused }
    return unknowns.isEmpty ? .accepted : .unknown
  }

  /// Whether QEMU would load the record for certain.
  public var isAccepted: Bool { verdict == .accepted }

  /// Compares two spaces; a device's own, with capabilities that no guest sees, is first changed
  /// into what QEMU shows its guest.
  ///
  /// - Parameters:
  ///   - stream: the space in the stream's record.
  ///   - local: the space of the destination.
  ///   - conditions: what else is known.
  public init(
    stream: ConfigSpace, local: ConfigSpace, conditions: QEMULoadConditions = QEMULoadConditions()
  ) {
    let function = conditions.function ?? QEMUFunction(likelyOf: local)
    self.function = function
    guard let function, function == .emulated || local.headerType == 0 else {
      refused = []
      message = nil
      machineProperties = []
      reasons = []
      unknowns = [
        "the prediction is for vfio-pci's endpoints and QEMU's own functions; this is "
          + Self.kind(of: local)
      ]
      lacksBytes = false
      lackingAddress = nil
      waysOut = []
      notes = []
      return
    }
    let comparison = Comparison(stream, local, function, conditions)
    refused = comparison.refused
    message = comparison.refused.first?.message
    reasons = comparison.reasons
    unknowns = comparison.gaps + comparison.unknowns
    lacksBytes = !comparison.gaps.isEmpty
    let isLocal =
      !local.unknownRanges.isEmpty || local.capabilityList.stops.contains(where: \.isGap)
    lackingAddress = isLocal ? conditions.address : conditions.sourceAddress
    waysOut = comparison.waysOut
    notes = comparison.notes(isGuess: conditions.function == nil)
    machineProperties = comparison.alternatives
  }

  private static func kind(of space: ConfigSpace) -> String {
    switch space.headerType {
    case 1: "a bridge, which vfio-pci does not take, and none of QEMU's"
    case 2: "a CardBus bridge"
    case let type?: "a function with a header of type \(type)"
    case nil: "a space without its header type"
    }
  }
}

extension QEMULoadCheck.Mismatch {
  /// The offset, both bytes and the masks.
  public var summary: String {
    "0x\(hex(offset, digits: 3)) stream \(hex(read, digits: 2)) destination \(hex(device, digits: 2)) "
      + "cmask \(hex(cmask, digits: 2)) wmask \(hex(wmask, digits: 2)) "
      + "w1cmask \(hex(w1cmask, digits: 2))"
  }

  /// QEMU's message about the byte.
  public var message: String {
    "get_pci_config_device: Bad config data: i=0x\(hex(offset)) read: \(hex(read)) device: \(hex(device)) "
      + "cmask: \(hex(cmask)) wmask: \(hex(wmask)) w1cmask:\(hex(w1cmask))"
  }
}

extension QEMULoadCheck {
  /// The refused bytes of one capability, or of the header.
  public struct Group: Sendable, Hashable {
    /// The capability, `header`, or what the bytes lie behind.
    public let owner: String
    /// The bytes in ascending order, each run without a gap.
    public fileprivate(set) var runs: [[Mismatch]]

    /// The number of its bytes.
    public var byteCount: Int { runs.reduce(0) { $0 + $1.count } }
  }

  /// The refused bytes by capability, in the order of each one's first.
  public var groups: [Group] {
    var groups: [Group] = []
    for mismatch in refused {
      guard let index = groups.firstIndex(where: { $0.owner == mismatch.owner }) else {
        groups.append(Group(owner: mismatch.owner, runs: [[mismatch]]))
        continue
      }
      groups[index].add(mismatch)
    }
    return groups
  }
}

extension QEMULoadCheck.Group {
  /// Adds the next byte, to the last run if it follows that.
  fileprivate mutating func add(_ mismatch: QEMULoadCheck.Mismatch) {
    if let last = runs.last?.last, last.offset == mismatch.offset - 1 {
      runs[runs.count - 1].append(mismatch)
    } else {
      runs.append([mismatch])
    }
  }
}
