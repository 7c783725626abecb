/// Whether targets can take what a stream holds: every reason why not, not the first.
public struct CompatibilityReport: Sendable, Hashable {
  /// One thing that was looked at and is not as the stream has it.
  public struct Finding: Sendable, Hashable {
    /// What follows of a finding.
    public enum Severity: String, Sendable, Hashable {
      /// The target cannot take the device.
      case incompatible
      /// Worth knowing; the driver decides.
      case note
    }

    /// What follows of it.
    public var severity: Severity
    /// The number of the stream's device.
    public var device: UInt16
    /// The thing that was looked at, such as `driver` or `region 2`.
    public var subject: String
    /// What the stream has, or its device needs.
    public var wanted: String
    /// What the target has.
    public var found: String
  }

  /// In the order in which they were found, by device.
  public var findings: [Finding] = []

  /// A report without findings.
  public init() {}

  /// Whether no finding keeps a target from taking its device.
  public var isCompatible: Bool { !findings.contains { $0.severity == .incompatible } }

  mutating func add(
    _ device: UInt16, _ subject: String, wanted: String, found: String,
    severity: Finding.Severity = .incompatible
  ) {
    findings.append(
      Finding(
        severity: severity, device: device, subject: subject, wanted: wanted, found: found))
  }
}

extension CompatibilityReport.Finding: CustomStringConvertible {
  public var description: String {
    "device \(device): \(subject): wanted \(wanted), found \(found)"
  }
}

extension CompatibilityReport: CustomStringConvertible {
  /// One line a finding.
  public var description: String { findings.map(\.description).joined(separator: "\n") }
}
