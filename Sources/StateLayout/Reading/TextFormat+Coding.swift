extension TextFormat {
  /// The text in a field's bytes; nil where it is not in the encoding, or would not be written back the same.
  func text(of bytes: [UInt8]) -> String? {
    var end = bytes.count
    if let padding { while end > 0, bytes[end - 1] == padding { end -= 1 } }
    let content = bytes[..<end]
    if isASCII, content.contains(where: { $0 >= 0x80 }) { return nil }
    return String(validating: content, as: UTF8.self)
  }

  /// The bytes of a field of `byteCount` bytes, or of as many as the text takes; nil where it does not fit.
  func bytes(of text: String, byteCount: UInt64?) -> [UInt8]? {
    var bytes = Array(text.utf8)
    if isASCII, bytes.contains(where: { $0 >= 0x80 }) { return nil }
    guard let byteCount, UInt64(bytes.count) != byteCount else { return bytes }
    guard let padding, UInt64(bytes.count) < byteCount, byteCount <= 1 << 24 else { return nil }
    bytes += Array(repeating: padding, count: Int(byteCount) - bytes.count)
    return bytes
  }
}
