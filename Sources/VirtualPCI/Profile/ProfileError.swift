public import YAMLReader

/// One thing that is wrong with a profile, and where.
public struct ProfileProblem: Sendable, Hashable, CustomStringConvertible {
  /// The place in the text; nil if the profile was not read from one.
  public let mark: YAMLMark?
  /// What was expected and what was found.
  public let message: String
  /// The requirement that is not met; nil if the text itself is at fault.
  public let rule: ProfileRule?

  /// A problem at `mark` that breaks `rule`, if it breaks one of PCI's.
  public init(_ message: String, at mark: YAMLMark?, breaks rule: ProfileRule? = nil) {
    self.mark = mark
    self.message = message
    self.rule = rule
  }

  /// `line:column: message (rule: source)`, to be put behind a file's name.
  public var description: String {
    (mark.map { "\($0): " } ?? "") + message
      + (rule.map { " (\($0.name): \($0.source))" } ?? "")
  }
}

/// Why a text is not a profile, or a profile cannot be laid out: every problem, in the order of the
/// text.
public struct ProfileError: Error, Sendable, Hashable, CustomStringConvertible {
  /// Every problem of the profile; never empty.
  public let problems: [ProfileProblem]

  /// An error with at least one problem.
  public init(_ problems: [ProfileProblem]) { self.problems = problems }

  init(_ error: YAMLError) {
    self.init([ProfileProblem(error.message, at: error.mark)])
  }

  public var description: String {
    problems.map(\.description).joined(separator: "\n")
  }
}
