/// What a translation did, or why it did nothing.
public struct TranslationReport: Sendable, Hashable {
  /// A field that has another value in the translated state.
  public struct Rewrite: Sendable, Hashable {
    /// The field, such as `registers.eqe_dma`.
    public let field: String
    public let old: String
    public let new: String
    public let rule: TranslationRule
  }

  /// A reason why the state cannot be translated for this target.
  public struct Refusal: Sendable, Hashable {
    public let field: String
    public let found: String
    public let needed: String
    /// The loss that would have to be accepted, where it may be.
    public let loss: TranslationLoss?
  }

  /// Something that was lost, as the caller allowed.
  public struct Loss: Sendable, Hashable {
    public let loss: TranslationLoss
    public let field: String
    public let lost: String
  }

  /// A fact of the target that was not given, so that what depends on it was not checked.
  public struct Unchecked: Sendable, Hashable {
    /// The key, such as `virtio.num-queues`.
    public let fact: String
    /// What was not checked.
    public let subject: String
  }

  /// The layout of the state that was given, and that of the state that was asked for.
  public let source: String
  public let target: String
  public internal(set) var rewrites: [Rewrite] = []
  public internal(set) var refusals: [Refusal] = []
  public internal(set) var losses: [Loss] = []
  public internal(set) var unchecked: [Unchecked] = []
  /// The rewrites and refusals beyond those that are kept.
  public internal(set) var moreCount = 0

  // A hostile state could have a reason in each of its fields.
  static let limit = 512

  init(source: String, target: String) {
    self.source = source
    self.target = target
  }

  /// Notes that a field has another value.
  public mutating func rewrite(
    _ field: String, from old: String, to new: String, _ rule: TranslationRule
  ) {
    guard rewrites.count < Self.limit else {
      moreCount += 1
      return
    }
    rewrites.append(Rewrite(field: field, old: old, new: new, rule: rule))
  }

  /// Notes a reason against the translation.
  public mutating func refuse(
    _ field: String, found: String, needed: String, loss: TranslationLoss? = nil
  ) {
    guard refusals.count < Self.limit else {
      moreCount += 1
      return
    }
    refusals.append(Refusal(field: field, found: found, needed: needed, loss: loss))
  }

  /// Notes, once, that `subject` was not checked because a fact of the target is not known.
  public mutating func noteUnknown(_ fact: String, for subject: String) {
    let entry = Unchecked(fact: fact, subject: subject)
    guard unchecked.count < Self.limit, !unchecked.contains(entry) else { return }
    unchecked.append(entry)
  }

  /// Whether nothing stands in the way.
  public var isAccepted: Bool { refusals.isEmpty }
}
