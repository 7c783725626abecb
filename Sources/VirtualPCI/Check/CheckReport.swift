/// Whether a device can carry a profile, and everything that speaks against it.
public struct CheckReport: Sendable, Hashable {
  /// A difference between what a profile promises and what a device has.
  public struct Reason: Sendable, Hashable {
    /// The capability by its name in profiles, `header` or `bars`.
    public let capability: String
    /// The register, field or property that does not fit.
    public let field: String
    /// The value that the profile promises to a guest.
    public let wanted: String
    /// The value that the device has, or that it is not known.
    public let found: String
    /// What it means for a guest.
    public let why: String
  }

  /// The profile's name.
  public let profile: String
  /// The device's label: a slot or a file.
  public let device: String
  /// What forbids the profile; empty if the device can carry it.
  public internal(set) var reasons: [Reason] = []
  /// What the operator has to make sure of, because the dump cannot show it.
  public internal(set) var warnings: [Reason] = []
  /// What is not known and does not matter to a guest by itself.
  public internal(set) var notes: [Reason] = []

  /// Whether nothing stands against it; warnings do not count.
  public var canCarry: Bool { reasons.isEmpty }

  init(profile: String, device: String) {
    self.profile = profile
    self.device = device
  }
}

extension CheckReport.Reason: CustomStringConvertible {
  /// One line for people.
  public var description: String {
    "\(capability): \(field): wanted \(wanted), found \(found)" + (why.isEmpty ? "" : "; \(why)")
  }
}
