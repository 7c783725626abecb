/// How a profile was made from devices: every difference between them, and how it was settled.
public struct DerivationReport: Sendable, Hashable {
  /// What was done about a difference.
  public enum Settlement: String, Sendable, Hashable, CaseIterable {
    /// Lowered to what every device has.
    case lowered
    /// Given the value that it has after a reset, or one that the VMM chooses.
    case normalized
    /// Left out of the profile.
    case dropped
    /// Moved to another offset than the first device's.
    case moved
    /// Guessed, because no dump says it.
    case assumed
    /// Made by the VMM, though not every device shows it.
    case synthesized
    /// If a device has a structure elsewhere, so that the VMM must relocate it.
    case relocated
    /// A known fault of a device.
    case quirk
    /// Something in a device's capability lists that no sound one shows.
    case broken
  }

  /// What one device has.
  public struct Finding: Sendable, Hashable {
    /// The device's label.
    public let device: String
    /// The value that the device has.
    public let value: String
  }

  /// One decision, with the values that the devices have.
  public struct Entry: Sendable, Hashable {
    /// The kind of the decision.
    public let settlement: Settlement
    /// The capability by its name in profiles, `header`, `bars` or `device`.
    public let capability: String
    /// The register or field; empty for a capability as a whole.
    public let field: String
    /// The values of the devices, in their order.
    public let found: [Finding]
    /// What the profile has.
    public let settled: String
    /// The reason of the decision, with its source.
    public let reason: String
  }

  /// The derived profile's name.
  public internal(set) var profile: String
  /// The labels of the devices that it was derived from.
  public let devices: [String]
  /// Every decision, in the order of the space.
  public internal(set) var entries: [Entry] = []
  /// What the operator has to make sure of, in sentences.
  public internal(set) var warnings: [String] = []

  init(profile: String, devices: [String]) {
    self.profile = profile
    self.devices = devices
  }

  mutating func add(
    _ settlement: Settlement, _ capability: String, _ field: String, found: [Finding],
    settled: String, _ reason: String
  ) {
    entries.append(
      Entry(
        settlement: settlement, capability: capability, field: field, found: found,
        settled: settled, reason: reason))
  }
}

extension DerivationReport.Entry: CustomStringConvertible {
  /// One line for people.
  public var description: String {
    var text = "\(settlement.rawValue): \(capability)"
    if !field.isEmpty { text += ", \(field)" }
    if !settled.isEmpty { text += ": \(settled)" }
    if !found.isEmpty {
      text += " (" + found.map { "\($0.device): \($0.value)" }.joined(separator: "; ") + ")"
    }
    return text + "; " + reason
  }
}

/// What an operator decides about a profile that is derived.
public struct DerivationOptions: Sendable {
  /// The PASID capability that the profile gets.
  public enum PASID: Sendable, Hashable {
    /// The width that every device has; no capability if one has none.
    case auto
    /// No PASID capability, whatever the devices have.
    case none
    /// This width, whether or not the dumps show the capability: the kernel hides it from VFIO.
    case width(Int)
  }

  /// The profile's name; the first device's ids otherwise.
  public var name: String?
  /// The PASID capability that the profile gets.
  public var pasid = PASID.auto
  /// Ids instead of the first device's.
  public var ids: (vendor: UInt16, device: UInt16)?
  /// The subsystem ids that the guest sees; nil takes those of the first device.
  public var subsystem: (vendor: UInt16, device: UInt16)?
  /// The sizes of BARs, by index.
  public var barSizes: [Int: UInt64] = [:]
  /// The device serial number; without one the capability is dropped.
  public var serialNumber: UInt64?
  /// Capabilities to keep though the rules drop them: `vsec`, `vsec:0002`, `dvsec:8086:0003`,
  /// `0x2e`.
  public var kept: Set<String> = []

  /// Options that leave each decision to the devices.
  public init() {}
}

/// Why no profile can be derived that every device could carry.
public struct DerivationError: Error, Sendable, Hashable, CustomStringConvertible {
  /// One line for each reason, with the device.
  public let reasons: [String]

  init(_ reasons: [String]) { self.reasons = reasons }

  public var description: String { reasons.joined(separator: "\n") }
}
