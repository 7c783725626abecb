import ByteIO
import VirtualPCI
import YAMLReader

extension ConfigSpaceState {
  /// The state as the control socket carries it, bytes in hexadecimal.
  var json: JSONValue {
    [
      "physical": physical.map { .string(hex($0)) }, "synthesized": .string(hex(synthesized)),
      "emulated": .string(hex(emulatedBits)), "profile": profileName.map { .string($0) },
      "digest": profileDigest.map { .string($0) },
    ]
  }

  /// Reads what `json` writes.
  init(parsing text: [UInt8]) throws(YAMLError) {
    let limits = YAMLLimits(byteCount: 1 << 16, depth: 3, nodeCount: 32)
    let fields = try YAMLNode(parsing: text, limits: limits).fields([
      "physical", "synthesized", "emulated", "profile", "digest",
    ])
    self.init(
      physical: try fields["physical"].map { (node) throws(YAMLError) in try node.bytes() },
      synthesized: try fields.required("synthesized").bytes(),
      emulatedBits: try fields.required("emulated").bytes(),
      profileName: try fields["profile"]?.string(), profileDigest: try fields["digest"]?.string())
    guard emulatedBits.count == synthesized.count else {
      throw try fields.required("emulated").error(
        .value, "expected \(synthesized.count) bytes, found \(emulatedBits.count)")
    }
  }
}

extension YAMLNode {
  /// Bytes as pairs of hexadecimal digits.
  fileprivate func bytes() throws(YAMLError) -> [UInt8] {
    let digits = Array(try string().utf8)
    let bytes = stride(from: 0, to: digits.count - 1, by: 2).compactMap {
      UInt8(String(decoding: digits[$0..<$0 + 2], as: UTF8.self), radix: 16)
    }
    guard digits.count % 2 == 0, bytes.count == digits.count / 2 else {
      throw error(.value, "expected pairs of hexadecimal digits")
    }
    return bytes
  }
}
