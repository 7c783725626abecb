import ByteIO

/// The layouts that a state may have, by its first bytes, its length, and the driver that it came
/// from.
public struct LayoutDetection: Sendable {
  /// A layout that the state may have.
  public struct Candidate: Sendable {
    /// The layout.
    public let layout: Layout
    /// How sure the state's content makes it, without regard to the driver.
    public let certainty: DetectionCertainty
    /// Why, in words.
    public let reason: String
    /// Whether the driver is one of the layout's.
    public let isDriverKnown: Bool

    /// Whether nothing in the state speaks for the layout, but only its length or its driver.
    public var isGuess: Bool { certainty == .possible }
    /// Whether the driver's name is all that speaks for it, and the content not even has its shape.
    public var isByDriverAlone = false
  }

  /// The candidates, the best first.
  public let candidates: [Candidate]

  /// The layout to take: the best candidate, if its content or its driver speaks for it and no
  /// other is as good.
  public var best: Candidate? {
    guard let first = candidates.first, first.rank > 0 else { return nil }
    guard let second = candidates.dropFirst().first else { return first }
    return first.rank > second.rank ? first : nil
  }

  /// The same, or the driver's layout if the content speaks for none and the driver has only one.
  public func completed(byDriver driver: String?) -> LayoutDetection {
    let named = Layout.shipped(of: driver)
    guard best == nil, named.count == 1, let layout = named.first, let driver else { return self }
    let candidate = Candidate(
      layout: layout, certainty: .possible,
      reason: "the driver is \(driver); nothing in the content speaks for it", isDriverKnown: true,
      isByDriverAlone: true)
    return LayoutDetection(candidates: [candidate])
  }

  /// The other candidates; without guesses if the content says what the state is.
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

extension Layout {
  /// Finds which of `layouts` a state may have, by its first bytes, its whole length, and the
  /// kernel driver's name. A few hundred bytes are enough for the shipped layouts.
  ///
  /// Text that a person can read has no layout that has no mark of its own.
  public static func detect(
    prefix: [UInt8], byteCount: UInt64, driver: String? = nil, among layouts: [Layout] = shipped
  ) -> LayoutDetection {
    var candidates: [LayoutDetection.Candidate] = []
    let isText = prefix.span.raw.isText
    for layout in layouts {
      let match = layout.match(prefix, byteCount)
      if isText, match?.certainty == .possible { continue }
      let isDriverKnown = layout.isOf(driver: driver)
      if let match {
        var reason = match.reason
        if isDriverKnown, let driver { reason += "; the driver is \(driver)" }
        candidates.append(
          LayoutDetection.Candidate(
            layout: layout, certainty: match.certainty, reason: reason,
            isDriverKnown: isDriverKnown))
      }
    }
    candidates.sort { ($1.rank, $0.layout.name) < ($0.rank, $1.layout.name) }
    return LayoutDetection(candidates: candidates)
  }

  // More than the first record of every shipped layout has.
  package static let prefixByteCount: UInt64 = 1024

  /// The layouts of a driver that has several, if the state whose first bytes these are is of none
  /// of them; empty if it is of one, if the bytes are too few to tell, and for text.
  public static func unshown(
    prefix: [UInt8], byteCount: UInt64, driver: String?
  ) -> [Layout] {
    let named = shipped(of: driver)
    guard named.count > 1, byteCount > 0, prefix.count >= min(byteCount, prefixByteCount),
      !prefix.span.raw.isText,
      detect(prefix: prefix, byteCount: byteCount, driver: driver).best == nil
    else { return [] }
    return named
  }

  /// Tells which of the shipped layouts `state` may have, by its first bytes, its length, and the
  /// kernel driver's name.
  public static func detect<Source: StateSource>(
    _ state: Source, driver: String? = nil
  ) throws(Source.Failure) -> LayoutDetection {
    var prefix = ByteBuffer()
    try state.read(at: 0, count: Int(min(state.byteCount, prefixByteCount)), into: &prefix)
    return detect(prefix: [UInt8](prefix.bytes), byteCount: state.byteCount, driver: driver)
  }

  /// The layout with this name among `layouts`.
  public static func named(_ name: String, among layouts: [Layout] = shipped) -> Layout? {
    layouts.first { $0.name == name }
  }

  /// The shipped layouts of the states that the kernel's driver of this name saves or loads.
  public static func shipped(of driver: String?) -> [Layout] {
    shipped.filter { $0.isOf(driver: driver) }
  }

  /// Whether the kernel's driver of this name saves or loads such state. `-` and `_` are alike.
  public func isOf(driver: String?) -> Bool {
    guard let driver else { return false }
    let name = String(driver.map { $0 == "-" ? "_" : $0 })
    return drivers.contains(name)
  }

  private func match(_ prefix: [UInt8], _ byteCount: UInt64) -> DetectionRule? {
    let source = StatePrefix(bytes: prefix, byteCount: max(byteCount, UInt64(prefix.count)))
    return definition.detection.first { rule in
      var dissector = Dissector(
        definition, byteCount: source.byteCount, limits: .detection
      ) { offset, count, buffer in
        // The window asks for more than the field needs; what there is will do.
        let left = Int(
          clamping: UInt64(source.bytes.count) - min(offset, UInt64(source.bytes.count)))
        guard left > 0 else { return false }
        try? source.read(at: offset, count: min(count, left), into: &buffer)
        return true
      }
      return dissector.matches(rule)
    }
  }
}

extension DissectionLimits {
  fileprivate static var detection: Self { Self(nodeCount: 512, depth: 8, fieldCount: 512) }
}

extension Dissector {
  /// Whether the state's first bytes are of the rule's type and meet its condition.
  fileprivate mutating func matches(_ rule: DetectionRule) -> Bool {
    let type = layout.types[rule.type]
    evaluator.enter(type, streamStart: 0, streamEnd: byteCount)
    for slot in type.fields.indices {
      let field = type.fields[slot]
      evaluator[slot: slot, at: 0] = self.field(field)
      if isStopped { return false }
    }
    guard let condition = rule.condition else { return true }
    return (try? evaluator.truth(condition)) ?? false
  }
}
