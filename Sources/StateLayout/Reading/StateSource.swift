public import ByteIO

/// Device state that can be read at any place: bytes in memory, a file, a device of a `.dms` stream.
///
/// Dissecting reads forward for the most part, passes over opaque payloads without reading them, and keeps a window of a
/// few KiB; so a source may hold any amount of state.
public protocol StateSource {
  /// What a failed read throws; `Never` for memory.
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
  public let bytes: [UInt8]

  public init(_ bytes: [UInt8]) { self.bytes = bytes }

  public var byteCount: UInt64 { UInt64(bytes.count) }

  public func read(
    at offset: UInt64, count: Int, into buffer: inout ByteBuffer
  ) throws(Never) {
    let start = Int(offset)
    buffer.append(bytes.span.raw.extracting(start..<start + count))
  }
}

/// The first bytes of a state of which only the length is known beyond them: enough to tell what it is.
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
