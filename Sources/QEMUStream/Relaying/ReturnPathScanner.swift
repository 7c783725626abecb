import ByteIO

/// Looks for a destination's last word in the bytes that it sends back (QEMU migration/migration.c,
/// `source_return_path_thread`).
///
/// A message has a type and a length of 16 bits each, and at most 64 KiB of data.
public struct ReturnPathScanner: Sendable {
  private static let shut: UInt16 = 1
  // Behind a message with the bitmap of a block stands the bitmap, whose size the message lacks.
  private static let framed: Set<UInt16> = [1, 2, 3, 4, 6, 7]

  /// Whether the destination has loaded everything; nil until it has said so, or if it never does.
  public private(set) var hasLoaded: Bool?
  private var head: [UInt8] = []
  private var left = 0
  private var isLost = false

  /// A scanner at the first byte.
  public init() {}

  /// Looks at the bytes that follow.
  public mutating func scan(_ bytes: RawSpan) {
    var position = 0
    while position < bytes.byteCount, !isLost {
      // A head, with the first four bytes of the data if it has any.
      let wanted = head.count < 4 ? 4 : 4 + min(byteCount, 4)
      if head.count < wanted {
        head.append(bytes[byte: position])
        position += 1
        if head.count == 4 {
          isLost = !Self.framed.contains(type)
          left = max(byteCount - 4, 0)
        }
      }
      guard head.count >= 4, head.count == 4 + min(byteCount, 4) else { continue }
      let skipped = min(left, bytes.byteCount - position)
      position += skipped
      left -= skipped
      if left == 0 { end() }
    }
  }

  private var type: UInt16 { UInt16(head[0]) << 8 | UInt16(head[1]) }
  private var byteCount: Int { Int(head[2]) << 8 | Int(head[3]) }

  private mutating func end() {
    if type == Self.shut, head.count == 8 { hasLoaded = head[4...].allSatisfy { $0 == 0 } }
    head.removeAll(keepingCapacity: true)
  }
}
