public import QEMUStream

/// Bytes in memory, which come in pieces of at most `step`.
public struct Pieces: ByteSource {
  private let bytes: [UInt8]
  private let step: Int
  private var position = 0

  public init(_ bytes: [UInt8], step: Int = .max) {
    self.bytes = bytes
    self.step = step
  }

  public mutating func read(into span: inout MutableRawSpan) -> Int {
    let count = min(span.byteCount, bytes.count - position, step)
    for index in 0..<count {
      span.storeBytes(of: bytes[position + index], toByteOffset: index, as: UInt8.self)
    }
    position += count
    return count
  }
}
