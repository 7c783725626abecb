/// What a chunk is coded against, for a reader that holds `Kept` of a chunk that others refer to.
package enum ChunkBasis<Kept> {
  /// An earlier chunk.
  case kept(Kept)
  /// A dictionary that both sides have.
  case dictionary(StateDictionary)
  /// A dictionary that this reader does not have.
  case missing(Digest)
}
