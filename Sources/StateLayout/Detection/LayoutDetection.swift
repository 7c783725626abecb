/// What a state may be, by its first bytes, its length, and the driver that it came from.
public struct LayoutDetection: Sendable {
  /// How sure it is.
  public enum Certainty: Int, Sendable, Hashable, Comparable {
    /// Nothing speaks against it.
    case possible
    /// The content has its shape, or its driver is known.
    case likely
    /// The content says so.
    case certain

    init?(label: String) {
      switch label {
      case "possible": self = .possible
      case "likely": self = .likely
      case "certain": self = .certain
      default: return nil
      }
    }

    public static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
  }

  /// A layout that the state may have.
  public struct Candidate: Sendable {
    public let layout: Layout
    public let certainty: Certainty
    /// Why, in words.
    public let reason: String
    /// Whether the driver is one of the layout's.
    public let isDriverKnown: Bool
  }

  /// The candidates, the best first.
  public let candidates: [Candidate]

  /// The layout to take: the best candidate, if its content or its driver speaks for it and no other is as good.
  public var best: Candidate? {
    guard let first = candidates.first, first.rank > 0 else { return nil }
    guard let second = candidates.dropFirst().first else { return first }
    return first.rank > second.rank ? first : nil
  }

  /// What else the state could be; nothing that is a guess where the content says what it is.
  public var others: [Candidate] {
    guard let best else { return candidates }
    return candidates.dropFirst().filter { best.certainty < .certain || $0.certainty == .certain }
  }
}

extension LayoutDetection.Candidate {
  /// Content that says what it is goes before the driver's name, and that before a shape.
  var rank: Int {
    let content =
      switch certainty {
      case .possible: 0
      case .likely: 1
      case .certain: 8
      }
    return content + (isDriverKnown ? 2 : 0)
  }
}

extension LayoutDetection.Certainty: CustomStringConvertible {
  public var description: String {
    switch self {
    case .possible: "possible"
    case .likely: "likely"
    case .certain: "certain"
    }
  }
}
