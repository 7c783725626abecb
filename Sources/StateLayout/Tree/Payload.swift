import ByteIO

/// Bytes of a tree, held in memory or named by their range of the source that the tree was read
/// from.
///
/// A tree of a 10 GiB state holds its opaque parts as ranges, so it can be changed and written
/// without loading them.
public struct Payload: Sendable, Hashable {
  /// A run of bytes.
  public enum Piece: Sendable, Hashable {
    case bytes([UInt8])
    /// A range of the source.
    case source(Range<UInt64>)

    /// The length of the run.
    public var byteCount: UInt64 {
      switch self {
      case .bytes(let bytes): UInt64(bytes.count)
      case .source(let range): range.upperBound - range.lowerBound
      }
    }
  }

  /// The runs in their order; none is empty.
  public private(set) var pieces: [Piece]
  /// The length of all runs together.
  public private(set) var byteCount: UInt64

  /// Bytes in memory.
  public init(_ bytes: [UInt8] = []) {
    pieces = bytes.isEmpty ? [] : [.bytes(bytes)]
    byteCount = UInt64(bytes.count)
  }

  /// A range of the source.
  public init(source range: Range<UInt64>) {
    pieces = range.isEmpty ? [] : [.source(range)]
    byteCount = range.upperBound - range.lowerBound
  }

  /// The bytes, if all of them are in memory.
  public var loadedBytes: [UInt8]? {
    if case .bytes(let bytes)? = pieces.first, pieces.count == 1 { return bytes }
    var all: [UInt8] = []
    for piece in pieces {
      guard case .bytes(let bytes) = piece else { return nil }
      all += bytes
    }
    return all
  }

  /// Appends the bytes of `other`; adjacent runs become one.
  public mutating func append(_ other: Payload) {
    for piece in other.pieces { append(piece) }
  }

  private mutating func append(_ piece: Piece) {
    byteCount += piece.byteCount
    switch (pieces.last, piece) {
    case (.bytes?, .bytes(let more)):
      // Taken out first, so that the bytes are not copied for every piece.
      guard case .bytes(var bytes)? = pieces.popLast() else { return }
      bytes += more
      pieces.append(.bytes(bytes))
    case (.source(let range)?, .source(let next)) where range.upperBound == next.lowerBound:
      pieces[pieces.count - 1] = .source(range.lowerBound..<next.upperBound)
    default: pieces.append(piece)
    }
  }

  /// Appends bytes.
  public mutating func append(_ bytes: [UInt8]) {
    if !bytes.isEmpty { append(Piece.bytes(bytes)) }
  }

  /// The part from `range.lowerBound` up to `range.upperBound`, counted from the payload's start;
  /// must lie within.
  public func slice(_ range: Range<UInt64>) -> Payload {
    precondition(range.upperBound <= byteCount, "a slice must lie within the payload")
    var result = Payload()
    var start: UInt64 = 0
    for piece in pieces {
      let end = start + piece.byteCount
      let low = max(start, range.lowerBound)
      let high = min(end, range.upperBound)
      if low < high {
        switch piece {
        case .bytes(let bytes):
          result.append(.bytes(Array(bytes[Int(low - start)..<Int(high - start)])))
        case .source(let source):
          result.append(
            .source(source.lowerBound + (low - start)..<source.lowerBound + (high - start)))
        }
      }
      start = end
    }
    return result
  }

  /// Puts `other` over the bytes from `offset`; the payload keeps its length.
  mutating func overwrite(at offset: UInt64, with other: Payload) {
    var result = slice(0..<offset)
    result.append(other)
    result.append(slice(offset + other.byteCount..<byteCount))
    self = result
  }

  /// Gives every byte in order to `body`, in runs of at most 256 KiB; bytes that are not in memory
  /// are read from `source`.
  public func forEach<Source: StateSource, Failure: Error>(
    from source: Source, sourceFailure: (Source.Failure) -> Failure,
    _ body: (RawSpan) throws(Failure) -> Void
  ) throws(Failure) {
    var buffer = ByteBuffer()
    for piece in pieces {
      switch piece {
      case .bytes(let bytes): try body(bytes.span.raw)
      case .source(let range):
        var position = range.lowerBound
        while position < range.upperBound {
          let count = Int(min(range.upperBound - position, 1 << 18))
          buffer.removeAll()
          do {
            try source.read(at: position, count: count, into: &buffer)
          } catch {
            throw sourceFailure(error)
          }
          try body(buffer.bytes)
          position += UInt64(count)
        }
      }
    }
  }

  /// Gives every byte in order to `body`, which fails as the source does.
  public func forEach<Source: StateSource>(
    from source: Source, _ body: (RawSpan) throws(Source.Failure) -> Void
  ) throws(Source.Failure) {
    try forEach(from: source, sourceFailure: { $0 }, body)
  }

  /// All bytes, in memory.
  public func bytes<Source: StateSource>(
    from source: Source
  ) throws(Source.Failure) -> [UInt8] {
    var result: [UInt8] = []
    try forEach(from: source) { (span) throws(Source.Failure) in
      result += [UInt8](span)
    }
    return result
  }
}

extension Payload: ExpressibleByArrayLiteral {
  public init(arrayLiteral elements: UInt8...) { self.init(elements) }
}
