public import ByteIO
public import StateLayout

/// A payload as a state that can be read at any place, over the source that its ranges name.
public struct PayloadSource<Base: StateSource>: StateSource {
  private let base: Base
  private let pieces: [Payload.Piece]
  /// Where each piece begins.
  private let starts: [UInt64]
  public let byteCount: UInt64

  public init(_ payload: Payload, over base: Base) {
    self.base = base
    pieces = payload.pieces
    byteCount = payload.byteCount
    var starts: [UInt64] = []
    var start: UInt64 = 0
    for piece in payload.pieces {
      starts.append(start)
      start += piece.byteCount
    }
    self.starts = starts
  }

  public func read(
    at offset: UInt64, count: Int, into buffer: inout ByteBuffer
  ) throws(Base.Failure) {
    var position = offset
    let end = offset + UInt64(count)
    var index = piece(at: offset)
    while position < end, index < pieces.count {
      let stop = min(end, starts[index] + pieces[index].byteCount)
      let (skipped, length) = (position - starts[index], Int(stop - position))
      switch pieces[index] {
      case .bytes(let bytes):
        buffer.append(bytes.span.raw.extracting(Int(skipped)..<Int(skipped) + length))
      case .source(let range):
        try base.read(at: range.lowerBound + skipped, count: length, into: &buffer)
      }
      position = stop
      index += 1
    }
  }

  /// The last piece that begins at `offset` or before.
  private func piece(at offset: UInt64) -> Int {
    var (low, high) = (0, starts.count)
    while low < high {
      let middle = (low + high) / 2
      if starts[middle] <= offset { low = middle + 1 } else { high = middle }
    }
    return max(0, low - 1)
  }
}
