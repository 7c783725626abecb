/// What a chunk is coded against, for a reader that holds `Kept` of a chunk that others refer to.
package enum ChunkBasis<Kept> {
  /// An earlier chunk.
  case kept(Kept)
  /// A dictionary that both sides have.
  case dictionary(StateDictionary)
  /// A dictionary that this reader does not have.
  case missing(Digest)
}

extension ChunkBasis {
  /// The same for a reader that holds of a kept chunk what `load` makes of it.
  package func map<Loaded, Failure: Error>(
    _ load: (Kept) throws(Failure) -> Loaded
  ) throws(Failure) -> ChunkBasis<Loaded> {
    switch self {
    case .kept(let kept): .kept(try load(kept))
    case .dictionary(let dictionary): .dictionary(dictionary)
    case .missing(let digest): .missing(digest)
    }
  }
}
