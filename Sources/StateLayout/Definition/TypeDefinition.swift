/// A type of a layout: a sequence of fields, instances, and rules.
final class TypeDefinition: Sendable {
  /// The name behind the names of the types around it, as in `state::section`; the layout's id for
  /// the top-level type.
  let name: String
  let documentation: String?
  let fields: [FieldDefinition]
  let instances: [FieldDefinition]
  /// The names of the counts that item rules keep.
  let counters: [String]
  let rules: [Rule]

  init(
    name: String, documentation: String?, fields: [FieldDefinition], instances: [FieldDefinition],
    counters: [String], rules: [Rule]
  ) {
    self.name = name
    self.documentation = documentation
    self.fields = fields
    self.instances = instances
    self.counters = counters
    self.rules = rules
  }
}

/// A condition that a structure must meet, and the message if it does not.
final class Rule: Sendable {
  /// The id by which a translation that repairs the problem names the rule (`Translation.mends`).
  let id: String?
  let condition: Expression
  let guardCondition: Expression?
  let severity: LayoutFinding.Severity
  let message: Message
  /// The field that a finding names; nil for the structure itself.
  let field: String?

  init(
    id: String?, condition: Expression, guardCondition: Expression?,
    severity: LayoutFinding.Severity, message: Message, field: String?
  ) {
    self.id = id
    self.condition = condition
    self.guardCondition = guardCondition
    self.severity = severity
    self.message = message
    self.field = field
  }
}

/// A condition on the items of a list together, checked as each is read, so that none need be kept.
final class ItemRule: Sendable {
  enum Kind: Sendable {
    /// Counts the items, in this counter of the type.
    case count(Int)
    /// No two items have the same key.
    case unique(Expression)
    /// Keys do not go down, among the items of a group.
    case ascending(Expression, group: Expression?)
    /// Each item begins at the end of the item before it in its group, the first at 0.
    case contiguous(Expression, end: Expression, group: Expression?)
    /// The key is one of the keys of the `unique` rule with this id, of a list of the same type.
    case refers(Expression, to: String)
  }

  /// The id by which a translation that repairs the problem names the rule (`Translation.mends`).
  let id: String?
  let kind: Kind
  /// The items that it is about.
  let condition: Expression?
  let severity: LayoutFinding.Severity
  let message: Message

  init(
    id: String?, kind: Kind, condition: Expression?, severity: LayoutFinding.Severity,
    message: Message
  ) {
    self.id = id
    self.kind = kind
    self.condition = condition
    self.severity = severity
    self.message = message
  }
}

/// A text with values in it.
struct Message: Sendable {
  enum Piece: Sendable {
    case text(String)
    case value(Expression, isHexadecimal: Bool)
  }

  let pieces: [Piece]
}
