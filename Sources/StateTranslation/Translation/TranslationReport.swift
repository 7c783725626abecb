/// The changes that a translation made, or its reasons to make none.
public struct TranslationReport: Sendable, Hashable {
  /// A field that has another value in the translated state.
  public struct Rewrite: Sendable, Hashable {
    /// The field, such as `registers.eqe_dma`.
    public let field: String
    /// The value before, as people read it.
    public let old: String
    /// The value after.
    public let new: String
    /// Why, and by which authority.
    public let rule: TranslationRule
  }

  /// A reason why the state cannot be translated for this target.
  public struct Refusal: Sendable, Hashable {
    /// The field or part of the state; empty for the state as a whole.
    public let field: String
    /// The value in the state.
    public let found: String
    /// The value that the target would take.
    public let needed: String
    /// The loss that a user could accept instead; nil if there is none.
    public let loss: TranslationLoss?
    /// What it would take to tell, if nothing speaks against the state itself: a fact of the
    /// source, or what is beyond that part of a large state that a translation keeps.
    public let missing: String?

    package init(
      field: String, found: String, needed: String, loss: TranslationLoss? = nil,
      missing: String? = nil
    ) {
      self.field = field
      self.found = found
      self.needed = needed
      self.loss = loss
      self.missing = missing
    }
  }

  /// Something that was lost, as the caller allowed.
  public struct Loss: Sendable, Hashable {
    /// The loss that the caller allowed.
    public let loss: TranslationLoss
    /// The field that lost something.
    public let field: String
    /// The content that was lost.
    public let lost: String
  }

  /// A fact of the target that was not given, so that what depends on it was not checked.
  public struct Unchecked: Sendable, Hashable {
    /// The key, such as `virtio.num-queues`.
    public let fact: String
    /// The check that could not be made.
    public let subject: String

    package init(fact: String, subject: String) {
      self.fact = fact
      self.subject = subject
    }
  }

  /// The layout of the given state.
  public let source: String
  /// The layout of the wanted state.
  public let target: String
  /// The fields with other values; of very many only the first are kept.
  public internal(set) var rewrites: [Rewrite] = []
  /// The reasons against the translation; of very many only the first are kept.
  public internal(set) var refusals: [Refusal] = []
  /// The losses that were allowed.
  public internal(set) var losses: [Loss] = []
  /// The checks that could not be made for want of a fact.
  public internal(set) var unchecked: [Unchecked] = []
  /// Whether the layout of the state finds errors in it, which are the refusals then: nothing else
  /// was looked at.
  public internal(set) var isUnsound = false
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
    _ field: String, found: String, needed: String, loss: TranslationLoss? = nil,
    missing: String? = nil
  ) {
    guard refusals.count < Self.limit else {
      moreCount += 1
      return
    }
    refusals.append(
      Refusal(field: field, found: found, needed: needed, loss: loss, missing: missing))
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
