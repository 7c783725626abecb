package import ByteIO

/// Decides for each chunk, before it is coded, whether it is one that was sent before.
///
/// The trial is one of samples: a few bytes of each block are looked up among those of the kept
/// chunks. A chunk of which most were found in one kept chunk is coded against that, and one of
/// pre-copy of which fewer were found is kept itself. What is decided follows from the content and
/// the order of the chunks alone, however many threads code them.
package struct ReferencePlanner {
  private var window: ReferenceWindow<ReferenceBytes>
  private let isUsed: Bool
  /// What small chunks of a device are tried to be coded with.
  var dictionaries: [UInt16: StateDictionary] = [:]
  // Which kept chunk has a block with this fingerprint; the latest, if several have.
  private var places: [UInt64: UInt32] = [:]

  /// A planner for a stream with this header; nothing is kept if coding is raw, for what is
  /// referred to must be coded.
  package init(_ header: StreamHeader, _ compression: Compression) {
    isUsed = header.limits.windowByteCount > 0 && compression != .raw
    window = ReferenceWindow(byteCount: header.limits.windowByteCount)
  }

  /// The plan for a chunk whose record will have this number.
  package mutating func plan(
    _ bytes: RawSpan, device: UInt16, context: StateChunk.Context, sequence: UInt32
  ) -> ReferencePlan {
    if let dictionary = dictionaries[device], bytes.byteCount <= StateDictionary.chunkByteLimit {
      return ReferencePlan(dependency: .none, reference: nil, dictionary: dictionary)
    }
    guard isUsed, bytes.fillByte == nil else { return .none }
    let isKeeping = context.phase == .preCopy
    let samples = BlockSamples.fingerprints(of: bytes, device: device)
    // What comes later can refer to a kept chunk only; after pre-copy, nothing does, and less is
    // worth a reference.
    if let found = mostShared(samples, share: isKeeping ? 2 : 8),
      let distance = UInt16(exactly: sequence &- found),
      let reference = window.refer(to: found, device: device)
    {
      return ReferencePlan(dependency: .reference(distance: distance), reference: reference)
    }
    guard isKeeping, !samples.isEmpty else { return .none }
    keep(bytes, samples, device: device, sequence: sequence)
    return ReferencePlan(dependency: .kept, reference: nil)
  }

  /// Forgets every kept chunk, for one that was planned did not come into the stream.
  ///
  /// A reader holds all that is kept from here on at least as long as this does: what it held
  /// before goes first.
  mutating func forget() {
    window = ReferenceWindow(byteCount: window.byteLimit)
    places = [:]
  }

  /// The same for the bytes of a buffer.
  package mutating func plan(
    _ buffer: borrowing ByteBuffer, device: UInt16, context: StateChunk.Context, sequence: UInt32
  ) -> ReferencePlan {
    plan(buffer.bytes, device: device, context: context, sequence: sequence)
  }

  /// The kept chunk that has the most of the samples, if that is one in `share` or more.
  private func mostShared(_ samples: [UInt64], share: Int) -> UInt32? {
    var counts: [UInt32: Int] = [:]
    for sample in samples {
      if let place = places[sample] { counts[place, default: 0] += 1 }
    }
    let best = counts.max { ($0.value, $0.key) < ($1.value, $1.key) }
    guard let best, best.value * share >= samples.count else { return nil }
    return best.key
  }

  private mutating func keep(
    _ bytes: RawSpan, _ samples: [UInt64], device: UInt16, sequence: UInt32
  ) {
    let state = ReferenceBytes(bytes, sequence: sequence, samples: samples)
    let gone = window.keep(
      state, sequence: sequence, device: device, byteCount: bytes.byteCount)
    for old in gone {
      for sample in old.samples where places[sample] == old.sequence { places[sample] = nil }
    }
    for sample in samples { places[sample] = sequence }
  }
}
