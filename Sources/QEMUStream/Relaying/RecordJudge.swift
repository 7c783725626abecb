import ByteIO
public import PCIConfig

/// Holds the configuration records of a stream against the device that a destination has.
///
/// A record that QEMU would refuse is laid anew where only bits differ that are the device's by the
/// profile, or that `RelayableRegister` has; anything else is refused, with every reason.
public struct RecordJudge: Sendable {
  private let local: ConfigSpace
  private let deviceBits: [UInt8]
  private let conditions: QEMULoadConditions

  /// - Parameters:
  ///   - local: the space of the destination's device.
  ///   - deviceBits: the bits that the profile leaves to the device, byte by byte; none without
  ///     one.
  ///   - conditions: what else is known.
  public init(
    local: ConfigSpace, deviceBits: [UInt8] = [], conditions: QEMULoadConditions
  ) {
    self.local = local
    self.deviceBits = deviceBits
    self.conditions = conditions
  }

  /// Judges the space of a record, or of a source's device.
  ///
  /// - Parameters:
  ///   - stream: the space as the record has it.
  ///   - machine: the machine of the stream, if the conditions name none.
  /// - Throws: `PCIConfigError` if the destination's space cannot be made as long as QEMU has it.
  public func judge(
    _ stream: ConfigSpace, machine: QEMUMachineVersion? = nil
  ) throws(PCIConfigError) -> RecordJudgement {
    var conditions = conditions
    conditions.function = .assigned
    conditions.machine = conditions.machine ?? machine
    let check = try QEMULoadCheck(record: stream, local: local, conditions: conditions)
    var changes: [RecordJudgement.Change] = []
    var reasons = check.reasons + barReasons
    let space = stream.bytes
    var changed = space
    let capabilities = stream.capabilityList.capabilities
    for byte in check.refused {
      let differing = (byte.read ^ byte.device) & byte.cmask & ~byte.wmask & ~byte.w1cmask
      let register = RelayableRegister.at(byte.offset, of: capabilities)
      let isDevices = deviceBits.indices.contains(byte.offset) ? deviceBits[byte.offset] : 0
      guard differing & ~(isDevices | (register?.mask ?? 0)) == 0,
        changed.indices.contains(byte.offset), changed[byte.offset] == byte.read
      else {
        reasons.append(byte.summary + " (\(byte.field))")
        continue
      }
      changed[byte.offset] = byte.read & ~differing | byte.device & differing
      changes.append(
        RecordJudgement.Change(
          offset: byte.offset, before: byte.read, after: changed[byte.offset], field: byte.field,
          source: register?.register.source ?? "the profile: the device's"))
    }
    guard reasons.isEmpty else {
      return RecordJudgement(
        verdict: .refused, check: check, changes: [], reasons: reasons, space: space)
    }
    if changes.isEmpty {
      return RecordJudgement(
        verdict: check.verdict == .unknown ? .unknown : .accepted, check: check, changes: [],
        reasons: check.unknowns, space: space)
    }
    // What was laid anew has to stand by the same check.
    let second = try QEMULoadCheck(
      record: ConfigSpace(changed, unknownRanges: stream.unknownRanges), local: local,
      conditions: conditions)
    guard second.verdict != .refused else {
      return RecordJudgement(
        verdict: .refused, check: check, changes: [],
        reasons: second.refused.map(\.summary) + second.reasons, space: space)
    }
    return RecordJudgement(
      verdict: .relaid, check: check, changes: changes, reasons: second.unknowns, space: changed)
  }

  private var barReasons: [String] {
    conditions.barSizes.sorted { $0.key < $1.key }.compactMap { index, size in
      guard let other = conditions.sourceBARSizes[index], other != size else { return nil }
      return
        "BAR \(index) has \(other.sizeText) at the source and \(size.sizeText) at the destination"
    }
  }
}

/// What became, or would have become, of a configuration record.
public struct RecordJudgement: Sendable, Hashable {
  /// The answer.
  public enum Verdict: String, Sendable, Hashable, CaseIterable {
    /// QEMU would load it as it is.
    case accepted
    /// QEMU would refuse it, and loads it with `changes`.
    case relaid
    /// QEMU would refuse it, and it may not be changed so that it does not; or the guest would
    /// reach behind a BAR.
    case refused
    /// What is known of the destination does not tell; `reasons` says what is missing.
    case unknown
  }

  /// A byte that is laid anew.
  public struct Change: Sendable, Hashable {
    /// The offset in the space.
    public let offset: Int
    /// What the source has there.
    public let before: UInt8
    /// What the destination has there.
    public let after: UInt8
    /// The capability and register that the byte belongs to.
    public let field: String
    /// Why no guest goes by the old value: where to look it up.
    public let source: String
  }

  /// The answer.
  public let verdict: Verdict
  /// What QEMU's load check would say of the record as it came.
  public let check: QEMULoadCheck
  /// The bytes that are laid anew; empty unless that is the verdict.
  public let changes: [Change]
  /// Why it is refused, or what is not known, in sentences.
  public let reasons: [String]
  /// The space of the record as it goes on.
  let space: [UInt8]
}
