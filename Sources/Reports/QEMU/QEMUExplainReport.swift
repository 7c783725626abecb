public import ByteIO
import PCIConfig
public import QEMUStream

/// What `ferry qemu explain` prints; the JSON is `schemas/qemu-explain.schema.json`.
public struct QEMUExplainReport: Report {
  private let entries: [(lines: [Int], explanation: RefusalExplanation)]
  private let defects: [QEMULog.Defect]

  /// A report about the messages of a log.
  ///
  /// - Parameters:
  ///   - log: the messages.
  ///   - explain: makes the explanation of one message.
  public init(_ log: QEMULog, explain: (QEMURefusal) -> RefusalExplanation) {
    entries = log.entries.map { ($0.lines, explain($0.refusal)) }
    defects = log.defects
  }

  /// Each message with its register, both values, the reason and the ways out.
  public var text: String {
    var lines: [String] = []
    for entry in entries {
      if !lines.isEmpty { lines.append("") }
      lines += Self.lines(entry.explanation, at: entry.lines)
    }
    lines += defects.map { "not read: \(TerminalText.text("\($0)"))" }
    return lines.joined(separator: "\n")
  }

  private static func lines(_ explanation: RefusalExplanation, at places: [Int]) -> [String] {
    let refusal = explanation.refusal
    var lines = [refusal.message]
    let others = places.count > 8 ? " and \(places.count - 8) more" : ""
    lines.append(
      "  line      \(places.prefix(8).map { "\($0)" }.joined(separator: ", "))\(others)")
    if let section = refusal.section {
      lines.append("  device    \(TerminalText.text(section))")
    }
    if let place = explanation.place {
      let certainty = explanation.evidence == .masks ? ", by its masks" : ""
      lines.append(
        "  register  \(place.name), byte 0x\(hex(refusal.offset, digits: 3))\(certainty)")
    } else {
      lines.append("  register  not known, byte 0x\(hex(refusal.offset, digits: 3))")
    }
    let bits = "\(hex(refusal.differing, digits: 2))"
    lines.append("  stream    \(value(refusal.read, explanation.values?.stream))")
    lines.append(
      "  here      \(value(refusal.device, explanation.values?.destination)); the bits \(bits) "
        + "differ")
    lines += explanation.fields.map {
      "  field     \($0.name): stream \($0.stream), destination \($0.destination)"
    }
    lines += explanation.meaning.map { "  why       \($0)" }
    lines += explanation.waysOut.map { "  way out   \($0)" }
    lines += explanation.unknowns.map { "  unknown   \($0)" }
    return lines
  }

  private static func value(_ byte: UInt8, _ register: UInt64?) -> String {
    let byte = hex(byte, digits: 2)
    return register.map { "\(byte), of 0x\(hex($0))" } ?? byte
  }

  /// The same, each message an object.
  public var json: JSONValue {
    [
      "messages": .array(entries.map { Self.json($0.explanation, at: $0.lines) }),
      "notRead": .array(
        defects.map {
          [
            "line": .optional($0.line), "expected": .string($0.expected),
            "found": .string(TerminalText.text($0.found)),
          ]
        }),
    ]
  }

  private static func json(_ explanation: RefusalExplanation, at places: [Int]) -> JSONValue {
    let refusal = explanation.refusal
    return [
      "message": .string(refusal.message), "lines": .array(places.map { .number($0) }),
      "section": .optional(refusal.section.map { TerminalText.text($0) }),
      "function": .optional(explanation.function?.rawValue),
      "offset": .number(refusal.offset), "read": .number(refusal.read),
      "device": .number(refusal.device), "cmask": .number(refusal.cmask),
      "wmask": .number(refusal.wmask), "w1cmask": .number(refusal.w1cmask),
      "differing": .number(refusal.differing),
      "evidence": .string(explanation.evidence.rawValue),
      "owner": .optional(explanation.place?.owner),
      "register": .optional(explanation.place?.register?.name),
      "name": .optional(explanation.place?.name),
      "streamValue": .optional(explanation.values?.stream),
      "destinationValue": .optional(explanation.values?.destination),
      "fields": .array(
        explanation.fields.map {
          [
            "name": .string($0.name), "stream": .string($0.stream),
            "destination": .string($0.destination),
          ]
        }),
      "meaning": .strings(explanation.meaning), "waysOut": .strings(explanation.waysOut),
      "unknown": .strings(explanation.unknowns),
    ]
  }
}
