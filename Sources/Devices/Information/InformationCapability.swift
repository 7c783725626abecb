private import ByteIO

/// A capability in the chain behind a device's or region's information (`struct
/// vfio_info_cap_header`).
public struct InformationCapability: Sendable, Hashable {
  /// The kind of capability; regions and devices count them apart.
  public var id: UInt16
  /// The version of its content.
  public var version: UInt16
  /// What follows the header, up to the next capability or the end: the chain does not say how long
  /// it is.
  public var bytes: [UInt8]

  /// A capability with this content.
  public init(id: UInt16, version: UInt16, bytes: [UInt8]) {
    self.id = id
    self.version = version
    self.bytes = bytes
  }

  /// The most bytes of information with its chain that anybody asks for or takes.
  public static let byteLimit = 1 << 16
  private static let headerByteCount = 8

  /// The chain that begins at `start` of `bytes`, behind a structure of `structureByteCount`.
  ///
  /// Offsets count from the start of the structure, and 0 ends the chain. A link that leaves the
  /// bytes, or comes to a capability a second time, is an error.
  public static func chain(
    in bytes: [UInt8], from start: UInt32, behind structureByteCount: Int
  ) throws(InformationError) -> [InformationCapability] {
    let span = bytes.span.raw
    var offsets: [Int] = []
    var visited: Set<Int> = []
    var next = start
    while next != 0 {
      guard next >= UInt32(structureByteCount),
        let offset = Int(exactly: next), offset <= bytes.count - headerByteCount
      else {
        throw .malformed(
          "expected a capability at \(structureByteCount) to \(bytes.count - headerByteCount) of "
            + "the information, found a link to \(next)")
      }
      guard visited.insert(offset).inserted else {
        throw .malformed("the chain of capabilities comes back to \(offset)")
      }
      offsets.append(offset)
      next = span.little(UInt32.self, at: offset + 4)
    }
    let ends = offsets.sorted() + [bytes.count]
    return offsets.map { offset in
      let end = ends.first { $0 > offset } ?? bytes.count
      let start = min(offset + headerByteCount, end)
      return InformationCapability(
        id: span.little(UInt16.self, at: offset),
        version: span.little(UInt16.self, at: offset + 2), bytes: Array(bytes[start..<end]))
    }
  }
}
