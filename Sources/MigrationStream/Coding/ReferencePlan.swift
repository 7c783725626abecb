/// What was decided for a chunk before it is coded: whether it is kept, or which chunk it is coded against.
package struct ReferencePlan {
  let dependency: StateChunk.Dependency
  /// The chunk that it is coded against.
  let reference: KeptState?

  /// Nothing: the chunk stands for itself.
  package static var none: ReferencePlan { ReferencePlan(dependency: .none, reference: nil) }
}
