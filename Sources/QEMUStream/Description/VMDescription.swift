import ByteIO

/// The JSON at the end of a stream, in which QEMU lists devices and their fields.
public struct VMDescription: Sendable, Hashable {
  /// The longest description that is used: reading one takes a few times its size in memory.
  ///
  /// The description of a small machine has some tens of kilobytes.
  public static let longestByteCount = 8 << 20
  private static let deviceLimit = 16384

  /// A device whose state a FULL section holds.
  public struct Device: Sendable, Hashable {
    /// The name of the section.
    public let name: String
    /// Tells devices of one name apart.
    public let instance: UInt32
    /// The bytes of the section's content: the sum of the sizes of its fields.
    public let byteCount: UInt64
    /// The ranges in the JSON of numbers that are `byteCount`.
    ///
    /// Empty unless the state is one buffer to QEMU, as a VFIO device's is.
    public let sizeDigits: [Range<Int>]
    /// Where the section has the state of a PCI function; nil if it is none.
    public let functionState: FunctionState?
  }

  /// Where a section has the state that QEMU keeps of every PCI function: a version, the
  /// configuration space, and the levels of four pins.
  public struct FunctionState: Sendable, Hashable {
    /// The offset of the space behind the section's head.
    public let offset: UInt64
    /// The bytes of the space; nil for a virtio device, whose description says less.
    public let byteCount: UInt64?
  }

  struct Key: Hashable {
    let name: String
    let instance: UInt32
  }

  /// The devices, in the order of their sections.
  public let devices: [Device]
  /// The offset of the JSON in the stream.
  public let offset: UInt64
  /// The bytes of the JSON.
  public let byteCount: Int
  private let indexByKey: [Key: Int]

  /// The offset of the type byte in front of the JSON.
  public var sectionOffset: UInt64 { offset - UInt64(Self.headByteCount) }
  /// The bytes in front of the JSON: the type and the length.
  static var headByteCount: Int { 5 }

  init(_ devices: [Device], offset: UInt64, byteCount: Int) {
    self.devices = devices
    self.offset = offset
    self.byteCount = byteCount
    indexByKey = Dictionary(
      devices.enumerated().map { (Key(name: $1.name, instance: $1.instance), $0) },
      uniquingKeysWith: { first, _ in first })
  }

  /// The device of a section; nil if the description leaves it out.
  public func device(_ name: String, instance: UInt32) -> Device? {
    indexByKey[Key(name: name, instance: instance)].map { devices[$0] }
  }
}

extension VMDescription {
  /// Reads the description in `tail`, the last bytes of a file, which begin at `offset`.
  ///
  /// Nil unless they end in one that can be read. It is found from its end, because its length
  /// stands in front: JSON has no control characters, and the first byte of the length is one.
  public init?(inTail tail: RawSpan, at offset: UInt64 = 0) {
    guard let start = Self.start(inTail: tail) else { return nil }
    let position = start + Self.headByteCount
    try? self.init(
      parsing: tail.extracting(droppingFirst: position), at: offset + UInt64(position))
  }

  private static func start(inTail tail: RawSpan) -> Int? {
    var position = tail.byteCount - 1
    while position >= 0, tail[byte: position] >= 0x20 { position -= 1 }
    for start in (position - 4..<position).reversed() {
      guard start >= 1, start + headByteCount <= tail.byteCount else { continue }
      if tail[byte: start] == QEMUPartType.description.rawValue,
        tail[byte: start - 1] == QEMUPartType.end.rawValue,
        Int(tail.big(UInt32.self, at: start + 1)) == tail.byteCount - start - headByteCount
      {
        return start
      }
    }
    return nil
  }

  /// Reads the JSON in `bytes`, which begins at `offset` of the stream.
  public init(parsing bytes: RawSpan, at offset: UInt64) throws(QEMUStreamError) {
    var devices: [Device] = []
    var scanner = JSONScanner(bytes, baseOffset: offset)
    try scanner.object { (key, scanner) throws(QEMUStreamError) in
      guard key == "devices" else { return try scanner.skip() }
      try scanner.array { (scanner) throws(QEMUStreamError) in
        guard devices.count < Self.deviceLimit else {
          throw scanner.malformed("at most \(Self.deviceLimit) devices")
        }
        devices.append(try Device(&scanner))
      }
    }
    try scanner.finish()
    self.init(devices, offset: offset, byteCount: bytes.byteCount)
  }

  /// The JSON with the size of a device's section changed; `json` is the description's own.
  ///
  /// Throws `mismatch` if the size changes and does not stand in the JSON as a number of its own.
  func resizing(
    _ name: String, instance: UInt32, to byteCount: UInt64, in json: [UInt8]
  ) throws(QEMUStreamError) -> [UInt8] {
    guard let device = device(name, instance: instance), device.byteCount != byteCount else {
      return json
    }
    guard !device.sizeDigits.isEmpty else {
      throw QEMUStreamError(
        .mismatch, at: offset, section: name,
        expected: "a description of the device's state as one buffer", found: "another")
    }
    var result: [UInt8] = []
    var position = 0
    for digits in device.sizeDigits.sorted(by: { $0.lowerBound < $1.lowerBound }) {
      result += json[position..<digits.lowerBound]
      result += Array("\(byteCount)".utf8)
      position = digits.upperBound
    }
    return result + json[position...]
  }
}
