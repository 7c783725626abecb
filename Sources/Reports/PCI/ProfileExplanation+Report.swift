public import ByteIO
public import VirtualPCI

/// What `ferry pci explain` prints; the JSON is `schemas/pci-explain.schema.json`.
extension ProfileExplanation: Report {
  /// A line for each range, and below it one for each group of bits with its source.
  public var text: String {
    var lines: [String] = []
    var owner = ""
    for entry in entries {
      if entry.owner != owner {
        owner = entry.owner
        lines.append("\(owner)")
      }
      let last = entry.offset + entry.length - 1
      let range = "0x\(hex(entry.offset, digits: 3))..0x\(hex(last, digits: 3))"
      guard !entry.bits.isEmpty else {
        lines.append("  \(range)  \(entry.name): zeros, constant")
        continue
      }
      let value = "0x\(hex(entry.reset, digits: entry.length * 2))"
      lines.append("  \(range)  \(entry.name) = \(value)")
      for bits in entry.bits { lines.append("      \(Self.text(bits, entry))") }
    }
    return lines.joined(separator: "\n")
  }

  private static func text(_ bits: Bits, _ entry: Entry) -> String {
    var text = "0x\(hex(bits.bits, digits: entry.length * 2))  \(words(bits.access))"
    if let counterpart = bits.counterpart { text += " (\(counterpart))" }
    if let required = bits.required { text += ", required 0x\(hex(required))" }
    return text + ": \(bits.name)  [\(bits.source)]"
  }

  private static func words(_ access: BitAccess) -> String {
    switch access {
    case .constant: "constant"
    case .emulated: "emulated"
    case .forwarded: "emulated, writes also to the device"
    case .clearable: "emulated, cleared by 1"
    case .trigger: "request to the VMM"
    case .device: "the device's"
    case .deviceReadOnly: "the device's, read-only"
    case .deviceClearable: "the device's, cleared by 1"
    }
  }

  /// An entry for each range.
  public var json: JSONValue { .array(entries.map(\.json)) }
}

extension ProfileExplanation.Entry {
  fileprivate var json: JSONValue {
    [
      "offset": .number(offset), "length": .number(length), "owner": .string(owner),
      "name": .string(name), "reset": .number(reset), "bits": .array(bits.map(\.json)),
    ]
  }
}

extension ProfileExplanation.Bits {
  fileprivate var json: JSONValue {
    [
      "bits": .number(bits), "name": .string(name), "access": .string(access.rawValue),
      "reset": .number(reset), "physical": .optional(counterpart), "require": .optional(required),
      "source": .string(source),
    ]
  }
}
