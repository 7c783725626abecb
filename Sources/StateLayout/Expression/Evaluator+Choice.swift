extension Evaluator {
  /// What a switch leads to; nil where no case matches and there is no other.
  mutating func choice(
    _ subject: Expression, _ cases: [FieldDefinition.Case], _ otherwise: FieldDefinition.Choice?
  ) throws(EvaluationProblem) -> FieldDefinition.Choice? {
    let subject = try value(subject)
    for option in cases where try Self.isEqual(subject, value(option.value)) {
      return option.choice
    }
    return otherwise
  }
}
