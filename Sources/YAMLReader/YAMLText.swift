import ByteIO

/// YAML as Ferry writes it.
public enum YAMLText {
  /// `text` as a scalar that reads back as the same string: as it is if that is safe, else in
  /// double quotes with the escapes of JSON, which are YAML's too.
  public static func scalar(_ text: String) -> String {
    let isPlain =
      text.first?.isLetter == true && text.last != " " && text.utf8.allSatisfy(isPlainByte)
      && !["true", "false", "null", "yes", "no", "on", "off"].contains(text.lowercased())
    return isPlain ? text : JSONValue.string(text).text
  }

  private static func isPlainByte(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."),
      UInt8(ascii: "_"), UInt8(ascii: " "):
      true
    default: false
    }
  }
}
