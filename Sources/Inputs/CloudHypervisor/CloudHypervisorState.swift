public import ByteIO
public import StreamIO

/// The state of a device in a Cloud Hypervisor snapshot: base64 in a file, decoded as it is read.
public struct CloudHypervisorState: StateInputSource {
  private let file: FileState
  private let name: String
  /// The place of the base64 in the file.
  public let range: Range<UInt64>
  public let byteCount: UInt64

  /// The bytes whose base64 has its place in `file`, which errors call `path`; the padding of its
  /// last group is looked at.
  init(_ file: FileState, _ range: Range<UInt64>, in path: String) throws(StreamIOError) {
    self.file = file
    name = path
    self.range = range
    var padding: UInt64 = 0
    if !range.isEmpty {
      var end = ByteBuffer()
      try file.read(at: range.upperBound - 2, count: 2, into: &end)
      padding = UInt64([UInt8](end.bytes).count { $0 == UInt8(ascii: "=") })
    }
    byteCount = (range.upperBound - range.lowerBound) / 4 * 3 - padding
  }

  public func read(
    at offset: UInt64, count: Int, into buffer: inout ByteBuffer
  ) throws(StreamIOError) {
    var position = offset
    let end = offset + UInt64(count)
    while position < end {
      // From the group that the byte lies in, at most some KiB of them.
      let group = position / 3
      let groupCount = min((end + 2) / 3 - group, Self.groupCount)
      let place = range.lowerBound + group * 4
      var text = ByteBuffer()
      try file.read(at: place, count: Int(groupCount * 4), into: &text)
      let isLast = place + groupCount * 4 == range.upperBound
      let bytes = try Self.decode([UInt8](text.bytes), at: place, isLast: isLast, in: name)
      let start = Int(position - group * 3)
      let taken = bytes[start..<min(bytes.count, start + Int(end - position))]
      buffer.append(Array(taken))
      position += UInt64(taken.count)
    }
  }

  /// Reads all of it; throws at the place of what is no base64.
  public func verify() throws(StreamIOError) {
    var buffer = ByteBuffer()
    var position: UInt64 = 0
    while position < byteCount {
      buffer.removeAll()
      let count = min(byteCount - position, Self.groupCount * 3)
      try read(at: position, count: Int(count), into: &buffer)
      position += count
    }
  }

  private static let groupCount: UInt64 = 1 << 16

  private static func decode(
    _ text: [UInt8], at place: UInt64, isLast: Bool, in name: String
  ) throws(StreamIOError) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(text.count / 4 * 3)
    for start in stride(from: 0, to: text.count, by: 4) {
      let isEnd = isLast && start + 4 == text.count
      guard let group = Base64.group(text[start..<start + 4], mayBePadded: isEnd) else {
        throw StreamIOError(
          name,
          .content("offset \(place + UInt64(start)): expected base64, found other characters"))
      }
      bytes += group
    }
    return bytes
  }
}

/// Base64 with padding (RFC 4648, 4).
enum Base64 {
  private static let alphabet = [UInt8](
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
  private static let values: [UInt8] = {
    var values = [UInt8](repeating: 0xff, count: 256)
    for (value, character) in alphabet.enumerated() { values[Int(character)] = UInt8(value) }
    return values
  }()

  /// The bytes of four characters; nil if they are not of the alphabet, or have bits that no byte
  /// takes.
  static func group(_ text: ArraySlice<UInt8>, mayBePadded: Bool) -> [UInt8]? {
    let padding = text.reversed().prefix { $0 == UInt8(ascii: "=") }.count
    guard padding == 0 || (mayBePadded && padding <= 2) else { return nil }
    var bits: UInt32 = 0
    for character in text.dropLast(padding) {
      let value = values[Int(character)]
      guard value != 0xff else { return nil }
      bits = bits << 6 | UInt32(value)
    }
    bits <<= UInt32(padding * 6)
    guard bits & ((1 << UInt32(padding * 8)) - 1) == 0 else { return nil }
    let bytes = [UInt8(bits >> 16 & 0xff), UInt8(bits >> 8 & 0xff), UInt8(bits & 0xff)]
    return Array(bytes.dropLast(padding))
  }

  /// The characters of `bytes`, padded if their number is no multiple of 3.
  static func text(_ bytes: RawSpan) -> [UInt8] {
    var text: [UInt8] = []
    text.reserveCapacity((bytes.byteCount + 2) / 3 * 4)
    for start in stride(from: 0, to: bytes.byteCount, by: 3) {
      let count = min(3, bytes.byteCount - start)
      var bits: UInt32 = 0
      for index in 0..<3 {
        bits = bits << 8 | (index < count ? UInt32(bytes[byte: start + index]) : 0)
      }
      for index in 0..<4 {
        let isPadding = index > count
        text.append(
          isPadding
            ? UInt8(ascii: "=") : alphabet[Int(bits >> UInt32(18 - index * 6) & 0x3f)])
      }
    }
    return text
  }
}
