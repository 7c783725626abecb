/// Whether targets can take what a stream holds: every reason why not, not the first.
public struct CompatibilityReport: Sendable, Hashable {
  /// One thing that was looked at and is not as the stream has it.
  public struct Finding: Sendable, Hashable {
    public enum Severity: String, Sendable, Hashable {
      /// The target cannot take the device.
      case incompatible
      /// Worth knowing; the driver decides.
      case note
    }

    public var severity: Severity
    /// The number of the stream's device.
    public var device: UInt16
    public var subject: String
    public var wanted: String
    public var found: String
  }

  public var findings: [Finding] = []

  public init() {}

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
