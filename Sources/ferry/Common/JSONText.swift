import ByteIO
import FoundationEssentials

/// JSON as every `--json` prints it: sorted keys, two spaces, one line feed at the end.
enum JSONText {
  static func of(_ value: some Encodable) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    let text = String(decoding: try encoder.encode(value), as: UTF8.self)
    return text.unicodeScalars.reduce(into: "") { result, scalar in
      // The encoder leaves DEL and the C1 controls as they are, and a terminal may obey those.
      if (0x7f...0x9f).contains(scalar.value) {
        result += "\\u00\(hex(scalar.value))"
      } else {
        result.unicodeScalars.append(scalar)
      }
    }
  }
}
