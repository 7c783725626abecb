public import ByteIO

/// Device state that can be read at any place: bytes in memory, a file, a device of a `.dms`
/// stream.
///
/// Dissecting mostly reads forward, passes over opaque payloads, and keeps a window of a few KiB,
/// so a source may hold any amount of state.
public protocol StateSource {
  /// The error of a failed read; `Never` for memory.
  associatedtype Failure: Error

  /// The length of the whole state.
  var byteCount: UInt64 { get }

  /// Appends the `count` bytes from `offset` to `buffer`; all of them lie below `byteCount`.
  func read(
    at offset: UInt64, count: Int, into buffer: inout ByteBuffer
  ) throws(Failure)
}

/// State in memory.
public struct StateBytes: StateSource, Sendable {
  /// The whole state.
  public let bytes: [UInt8]

  /// A state that consists of `bytes`.
  public init(_ bytes: [UInt8]) { self.bytes = bytes }

  public var byteCount: UInt64 { UInt64(bytes.count) }

  public func read(
    at offset: UInt64, count: Int, into buffer: inout ByteBuffer
  ) throws(Never) {
    let start = Int(offset)
    buffer.append(bytes.span.raw.extracting(start..<start + count))
  }
}

/// The first bytes of a state and its length, which are enough to detect its layout.
struct StatePrefix: StateSource {
  struct Beyond: Error {}

  let bytes: [UInt8]
  let byteCount: UInt64

  func read(
    at offset: UInt64, count: Int, into buffer: inout ByteBuffer
  ) throws(Beyond) {
    guard let end = Int(exactly: offset).map({ $0 + count }), end <= bytes.count else {
      throw Beyond()
    }
    buffer.append(bytes.span.raw.extracting(end - count..<end))
  }
}

/// A payload as a state that can be read at any place, over the source of its ranges.
public struct PayloadSource<Base: StateSource>: StateSource {
  private let base: Base
  private let pieces: [Payload.Piece]
  /// Where each piece begins.
  private let starts: [UInt64]
  public let byteCount: UInt64

  /// The bytes of `payload`, whose ranges are read from `base`.
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
