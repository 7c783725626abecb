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
    /// Where a device has a structure elsewhere, so that the VMM must relocate it.
    case relocated
    /// A known fault of a device.
    case quirk
  }

  /// What one device has.
  public struct Finding: Sendable, Hashable {
    public let device: String
    public let value: String
  }

  public struct Entry: Sendable, Hashable {
    public let settlement: Settlement
    /// The capability by its name in profiles, `header`, `bars` or `device`.
    public let capability: String
    public let field: String
    public let found: [Finding]
    /// What the profile has.
    public let settled: String
    public let reason: String
  }

  public internal(set) var profile: String
  public let devices: [String]
  public internal(set) var entries: [Entry] = []

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
