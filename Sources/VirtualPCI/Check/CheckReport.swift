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
  /// What the check says.
  public enum Verdict: String, Sendable, Hashable {
    /// The device can carry the profile.
    case can
    /// It cannot.
    case cannot
    /// Nothing that is known forbids it, but the dump lacks bytes that decide.
    case unknown
  }

  /// What forbids the profile.
  public internal(set) var reasons: [Reason] = []
  /// What the dump does not hold and would decide.
  public internal(set) var unknowns: [Reason] = []
  /// What the operator has to make sure of, because the dump cannot show it.
  public internal(set) var warnings: [Reason] = []
  /// What is not known and does not matter to a guest by itself.
  public internal(set) var notes: [Reason] = []

  /// Everything that stands in the way: what forbids the profile, then what is not known.
  public var objections: [Reason] { reasons + unknowns }
  /// The command that prints, to root, what the dump lacks; nil if it lacks nothing.
  public let wholeSpaceCommand: String?

  /// What the check says; warnings do not count.
  public var verdict: Verdict {
    if !reasons.isEmpty { return .cannot }
    return unknowns.isEmpty ? .can : .unknown
  }
  /// Whether nothing stands against it, and nothing that decides is unknown.
  public var canCarry: Bool { verdict == .can }

  init(profile: String, device: String, wholeSpaceCommand: String?) {
    self.profile = profile
    self.device = device
    self.wholeSpaceCommand = wholeSpaceCommand
  }
}

extension CheckReport.Reason: CustomStringConvertible {
  /// One line for people.
  public var description: String {
    "\(capability): \(field): wanted \(wanted), found \(found)" + (why.isEmpty ? "" : "; \(why)")
  }
}
