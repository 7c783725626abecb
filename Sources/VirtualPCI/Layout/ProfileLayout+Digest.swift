private import ByteIO

extension ProfileLayout {
  /// The name of the layout, whatever the text that says it: the SHA-256 of its planes, in hexadecimal.
  ///
  /// Hashed are the text `ferry-vpci-1`, the number of bytes as 32 bits little-endian, the planes reset, writable,
  /// clearable, trigger, forwarded, device and device-writable, each of that many bytes, and for every byte that a
  /// device serves its offset and counterpart as a line `0x004 0x04`.
  public var digest: String {
    var message = ByteWriter(reserving: 8 * byteCount)
    message.append([UInt8]("ferry-vpci-1".utf8))
    message.little(UInt32(truncatingIfNeeded: byteCount))
    for plane in [
      image.reset, image.writable, image.clearable, image.trigger, image.forwarded, image.device,
      image.deviceWritable,
    ] {
      message.append(plane)
    }
    for (offset, index) in image.anchorIndex.enumerated() where index >= 0 {
      message.append([UInt8]("0x\(hex(offset, digits: 3)) \(image.anchors[Int(index)])\n".utf8))
    }
    return SHA256.hash(message.bytes).map { hex($0, digits: 2) }.joined()
  }
}
