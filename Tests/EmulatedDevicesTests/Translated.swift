import StateLayout
import StateTranslation
import Testing

/// The outcome of a translation of `state` for a target of which `facts` are known.
func translated(
  _ state: [UInt8], _ source: String, _ target: String, for facts: DeviceFacts,
  from: DeviceFacts = DeviceFacts(), allowing: Set<TranslationLoss> = []
) throws -> Translator.Outcome {
  var translator = Translator(for: facts)
  translator.source = from
  translator.allowed = allowing
  return translator.translate(
    state, from: try #require(Layout.named(source)), to: try #require(Layout.named(target)))
}

/// The bytes of a translation that nothing speaks against.
func bytes(_ outcome: Translator.Outcome, over state: [UInt8]) throws -> [UInt8] {
  #expect(outcome.report.refusals.isEmpty)
  return try #require(outcome.state).bytes(from: StateBytes(state))
}
