import ByteIO

/// What a stream says of itself at its end: the JSON in which QEMU lists devices and their fields.
public struct VMDescription: Sendable, Hashable {
  /// The longest description that is used: reading one takes a few times its size of memory. That of a small machine has
  /// some tens of kilobytes.
  public static let longestByteCount = 8 << 20
  private static let mostDevices = 16384

  /// A device whose state a FULL section holds.
  public struct Device: Sendable, Hashable {
    public let name: String
    public let instance: UInt32
    /// The bytes of the section's content, as the sizes of its fields add up.
    public let byteCount: UInt64
    /// Where in the JSON a number stands that is the whole of `byteCount`: for a device whose state QEMU does not look
    /// into, such as VFIO's.
    public let sizeDigits: [Range<Int>]
  }

  struct Key: Hashable {
    let name: String
    let instance: UInt32
  }

  public let devices: [Device]
  /// Where the JSON begins in the stream.
  public let offset: UInt64
  public let byteCount: Int
  private let indexByKey: [Key: Int]

  /// Where the description's type byte stands.
  public var sectionOffset: UInt64 { offset - 5 }

  init(_ devices: [Device], offset: UInt64, byteCount: Int) {
    self.devices = devices
    self.offset = offset
    self.byteCount = byteCount
    indexByKey = Dictionary(
      devices.enumerated().map { (Key(name: $1.name, instance: $1.instance), $0) },
      uniquingKeysWith: { first, _ in first })
  }

  /// The device of a section; nil where the description leaves it out.
  public func device(_ name: String, instance: UInt32) -> Device? {
    indexByKey[Key(name: name, instance: instance)].map { devices[$0] }
  }

  /// Where a description begins, with its type byte, in the last bytes of a file; nil where they do not end in one, or
  /// hold only a part of it.
  ///
  /// A description is found from its end because its length stands in front: JSON has no control characters, and the
  /// length's first byte is one.
  public static func find(inTail tail: RawSpan) -> Int? {
    var position = tail.byteCount - 1
    while position >= 0, tail[byte: position] >= 0x20 { position -= 1 }
    for start in (position - 4..<position).reversed() {
      guard start >= 1, start + 5 <= tail.byteCount else { continue }
      if tail[byte: start] == StreamByte.description.rawValue,
        tail[byte: start - 1] == StreamByte.end.rawValue,
        Int(tail.big(UInt32.self, at: start + 1)) == tail.byteCount - start - 5
      {
        return start
      }
    }
    return nil
  }
}

extension VMDescription {
  /// Reads the JSON in `bytes`, which begins at `offset` of the stream.
  public init(parsing bytes: RawSpan, at offset: UInt64) throws(QEMUStreamError) {
    var devices: [Device] = []
    var scanner = JSONScanner(bytes, baseOffset: offset)
    try scanner.object { (key, scanner) throws(QEMUStreamError) in
      guard key == "devices" else { return try scanner.skip() }
      try scanner.array { (scanner) throws(QEMUStreamError) in
        guard devices.count < Self.mostDevices else {
          throw scanner.malformed("at most \(Self.mostDevices) devices")
        }
        devices.append(try Device(&scanner))
      }
    }
    try scanner.finish()
    self.init(devices, offset: offset, byteCount: bytes.byteCount)
  }
}
