public import StateTranslation

/// Whether targets can take what a stream holds: every reason why not, not the first, and what was
/// not checked.
public struct CompatibilityReport: Sendable, Hashable {
  /// One thing that was looked at and is not as the stream has it, or that could not be looked at.
  public struct Finding: Sendable, Hashable {
    /// What follows of a finding.
    public enum Severity: String, Sendable, Hashable {
      /// The target cannot take the device.
      case incompatible
      /// The stream lacks what an answer needs.
      case unknown
      /// Nothing speaks against it, but it was not checked.
      case unchecked
      /// Worth knowing; the driver decides.
      case note
    }

    /// The side that has what was found.
    public enum Side: String, Sendable, Hashable {
      case target
      case stream
    }

    /// What follows of it.
    public var severity: Severity
    /// The number of the stream's device.
    public var device: UInt16
    /// The thing that was looked at, such as `driver`, `region 2` or a field of the state.
    public var subject: String
    /// What would have to be there: at the target what the stream has, in the stream's state what
    /// the target would take.
    public var wanted: String
    /// What is there.
    public var found: String
    /// Where it was found.
    public var side = Side.target

    /// A finding on a device, by its number.
    public init(
      _ severity: Severity, device: UInt16, _ subject: String, wanted: String, found: String,
      side: Side = .target
    ) {
      self.severity = severity
      self.device = device
      self.subject = subject
      self.wanted = wanted
      self.found = found
      self.side = side
    }
  }

  /// What the findings come to.
  public enum Verdict: String, Sendable, Hashable {
    /// The targets can take it.
    case can
    /// They cannot.
    case cannot
    /// All that could be checked speaks for it.
    case unchecked
    /// The stream lacks what an answer needs.
    case unknown
  }

  /// A translation of a device's state for its target, which could not have it as it was.
  public struct WayOut: Sendable, Hashable {
    /// The number of the stream's device.
    public var device: UInt16
    /// The layout to translate the state to.
    public var layout: String
    /// The losses that the translation must be allowed.
    public var losses: [TranslationLoss]
    /// Whether the target can take the device then; if not, its report has every reason. Nil for a
    /// state of which only the first bytes were judged.
    public var isEnough: Bool?
  }

  /// In the order in which they were found, by device.
  public var findings: [Finding] = []
  /// For each device whose state is another than its target takes, the translation to it.
  public var waysOut: [WayOut] = []

  /// A report without findings.
  public init() {}

  /// The answer.
  public var verdict: Verdict {
    let severities = Set(findings.map(\.severity))
    if severities.contains(.incompatible) { return .cannot }
    if severities.contains(.unknown) { return .unknown }
    return severities.contains(.unchecked) ? .unchecked : .can
  }

  /// Whether no finding keeps a target from taking its device, as far as could be checked.
  public var isCompatible: Bool { verdict == .can || verdict == .unchecked }

  /// Whether a replay with these options goes on.
  public func permits(_ options: ReplayOptions) -> Bool {
    verdict == .can || verdict == .unchecked && !options.isStrict
  }

  mutating func add(
    _ device: UInt16, _ subject: String, wanted: String, found: String,
    severity: Finding.Severity = .incompatible, in side: Finding.Side = .target
  ) {
    findings.append(
      Finding(severity, device: device, subject, wanted: wanted, found: found, side: side))
  }
}

extension CompatibilityReport.Finding: CustomStringConvertible {
  /// The finding and the device that it is about.
  public var description: String { "device \(device): \(text)" }

  /// The finding alone; one on the state is worded as translations word it.
  public var text: String {
    switch (side, severity) {
    case (.target, _): "\(subject): wanted \(wanted), found \(found)"
    case (.stream, .unchecked): "\(subject); \(found)"
    case (.stream, _): "\(subject): found \(found); needed \(wanted)"
    }
  }
}

extension CompatibilityReport: CustomStringConvertible {
  /// One line a finding.
  public var description: String { findings.map(\.description).joined(separator: "\n") }
}
