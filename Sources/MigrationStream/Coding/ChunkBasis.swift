/// What a chunk is coded against, for a reader.
package enum ChunkBasis: Sendable {
  /// An earlier chunk.
  case kept(KeptChunk)
  /// A dictionary that both sides have.
  case dictionary(StateDictionary)
  /// A dictionary that this reader does not have.
  case missing(Digest)

  /// The dictionary that the identity of a device names, for a chunk at `place` that is coded with it.
  ///
  /// Throws `malformedRecord` where the identity names none.
  package init(dictionary digest: Digest?, at place: RecordPlace) throws(StreamError) {
    guard let digest else {
      throw place.error(
        .malformedRecord, expected: "a dictionary that the device's identity names",
        found: "none")
    }
    self = StateDictionary.named(digest).map { .dictionary($0) } ?? .missing(digest)
  }
}
