/// Finds what the chunks of a stream are coded against.
///
/// That is a kept chunk in the window, or the dictionary that the identity of the device names.
/// Whoever follows the stream tells of every record in their order. A reader at any place asks for
/// what a chunk needs, and tells of that first. `Kept` is what a reader holds of a kept chunk.
package struct ChunkResolver<Kept> {
  /// A record that must be known before a chunk can be decoded.
  package enum Need {
    /// The identity of the chunk's device.
    case identity
    /// The kept chunk of the same device whose record has this number.
    case chunk(UInt32)
  }

  private var window: ReferenceWindow<Kept>
  // What the identities of the devices name.
  private var dictionaries: [UInt16: Digest?] = [:]

  /// A resolver that holds kept chunks of as many state bytes, as the stream header says.
  package init(windowByteCount: UInt64) {
    window = ReferenceWindow(byteCount: windowByteCount)
  }

  /// Takes note of a record that is not a chunk.
  package mutating func note(_ record: Record) {
    if case .identity(let identity, let device) = record {
      dictionaries.updateValue(identity.dictionary, forKey: device)
    }
  }

  /// What the chunk with this header needs and was not told of; nil if that is nothing.
  package func need(of chunk: StateChunk, _ header: RecordHeader) -> Need? {
    if header.encoding == .dictionary, dictionaries[chunk.device] == nil { return .identity }
    guard let number = reference(of: chunk, header), !window.holds(number) else { return nil }
    return .chunk(number)
  }

  /// What the chunk with this header is coded against; nil if it stands for itself.
  ///
  /// Throws `malformedRecord` if there is no such thing.
  package mutating func basis(
    of chunk: StateChunk, _ header: RecordHeader, at place: RecordPlace
  ) throws(StreamError) -> ChunkBasis<Kept>? {
    if header.encoding == .dictionary {
      guard let digest = dictionaries[chunk.device] ?? nil else {
        throw place.error(
          .malformedRecord, expected: "a dictionary that the device's identity names",
          found: "none")
      }
      return StateDictionary.named(digest).map { .dictionary($0) } ?? .missing(digest)
    }
    guard case .reference(let distance) = chunk.dependency else { return nil }
    guard let number = reference(of: chunk, header),
      let kept = window.refer(to: number, device: chunk.device)
    else {
      throw place.error(
        .malformedRecord,
        expected: "a delta against a kept chunk of its device, held in the window",
        found: "record \(Int64(header.sequence) - Int64(distance))")
    }
    return .kept(kept)
  }

  /// Keeps `content` of a chunk that later ones may refer to.
  package mutating func keep(_ content: Kept, of chunk: StateChunk, _ header: RecordHeader) {
    _ = window.keep(
      content, sequence: header.sequence, device: chunk.device, byteCount: Int(chunk.byteCount))
  }

  /// The number of the record that a delta refers to, if there can be one.
  private func reference(of chunk: StateChunk, _ header: RecordHeader) -> UInt32? {
    guard case .reference(let distance) = chunk.dependency, distance > 0 else { return nil }
    let (number, isBeforeFirst) = header.sequence.subtractingReportingOverflow(UInt32(distance))
    return isBeforeFirst ? nil : number
  }
}
