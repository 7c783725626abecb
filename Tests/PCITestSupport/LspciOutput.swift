/// What `lspci -D -vvv` says about one device, as far as it can be compared.
package struct LspciOutput {
  package struct Capability {
    package let offset: Int
    /// Nil for a standard capability.
    package let extendedVersion: Int?
    package let title: String
    /// What follows each label, such as `DevCap`, continuation lines joined.
    package var lines: [(label: String, text: String)] = []
  }

  package let slot: String
  /// `Control` and `Status` of the header.
  package var header: [(label: String, text: String)] = []
  package var capabilities: [Capability] = []

  /// The devices of lspci's output, which an empty line separates.
  package static func devices(_ output: String) -> [LspciOutput] {
    var devices: [LspciOutput] = []
    for line in output.split(separator: "\n") {
      if !line.hasPrefix("\t") {
        devices.append(LspciOutput(slot: String(line.prefix { $0 != " " })))
      } else if let last = devices.indices.last {
        devices[last].read(line)
      }
    }
    return devices
  }

  private mutating func read(_ line: Substring) {
    let depth = line.prefix { $0 == "\t" }.count
    let text = line.dropFirst(depth)
    if depth == 1,
      let match = text.firstMatch(of: /^Capabilities: \[([0-9a-f]+)(?: v(\d+))?\] (.*)/)
    {
      capabilities.append(
        Capability(
          offset: Int(match.1, radix: 16) ?? -1, extendedVersion: match.2.flatMap { Int($0) },
          title: String(match.3)))
    } else if depth == 1 {
      if let (label, rest) = Self.label(text), ["Control", "Status"].contains(label) {
        header.append((label, rest))
      }
    } else if let last = capabilities.indices.last {
      if depth == 2, let line = Self.label(text) {
        capabilities[last].lines.append(line)
      } else if let line = capabilities[last].lines.indices.last {
        capabilities[last].lines[line].text += " " + text
      }
    }
  }

  private static func label(_ text: Substring) -> (label: String, text: String)? {
    guard let colon = text.firstIndex(of: ":") else { return nil }
    return (String(text[..<colon]), String(text[text.index(after: colon)...]))
  }

  /// The flags of a line: each name with whether a plus follows it. Names that come twice tell
  /// nothing.
  package static func flags(_ text: String) -> [String: Bool] {
    var flags: [String: Bool] = [:]
    var twice: Set<String> = []
    for match in text.matches(of: /([^\s,;:]+):?([+-])(?=[\s,;]|$)/) {
      let name = String(match.1)
      if flags.updateValue(match.2 == "+", forKey: name) != nil { twice.insert(name) }
    }
    return flags.filter { !twice.contains($0.key) }
  }
}
