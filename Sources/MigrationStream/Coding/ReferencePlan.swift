/// What was decided for a chunk before it is coded: whether it is kept, and what it is coded
/// against.
package struct ReferencePlan: Sendable {
  let dependency: StateChunk.Dependency
  /// The chunk that it is coded against.
  let reference: KeptState?
  /// What it is tried to be coded with.
  var dictionary: StateDictionary?

  /// Nothing: the chunk stands for itself.
  package static var none: ReferencePlan { ReferencePlan(dependency: .none, reference: nil) }
}

/// A chunk that `StreamEncoder.plan` took, and that is coded elsewhere before it comes into the
/// stream.
package struct PlannedChunk: Sendable {
  let device: UInt16
  let context: StateChunk.Context
  let plan: ReferencePlan
  // The number of chunks that were planned before.
  let number: UInt64
}
