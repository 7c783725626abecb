package import TestSupport

/// A space's bytes as tools print them, and what mail, logs and terminals make of that text.
package enum DumpRendering: String, CaseIterable, Sendable {
  case lspci, earlyDump, hexdumpC, hexdump, hexdumpX, hexdumpB, xxd, xxd1, xxd4, xxdUpper
  case xxdPlain, joined, spaced, cArray, od, odX, odX1, odAddressX, odDecimal, odX4, powerShell

  /// The lines of the dump.
  package func lines(_ bytes: [UInt8]) -> [String] {
    switch self {
    case .lspci: rows(bytes) { "\(hex($0, 2)): \(spaced($1))" }
    case .earlyDump: rows(bytes) { "\(hex($0, 8)): \(spaced($1))" }
    case .hexdumpC:
      squeezed(bytes) { offset, row in
        "\(hex(offset, 8))  \(spaced(row.prefix(8)))  \(spaced(row.dropFirst(8)))  |\(text(row))|"
      } end: {
        hex($0, 8)
      }
    case .hexdump:
      squeezed(bytes) {
        "\(hex($0, 7)) \(words($1))"
      } end: {
        hex($0, 7)
      }
    case .hexdumpX:
      squeezed(bytes) { offset, row in
        hex(offset, 7) + words(row).split(separator: " ").map { "    \($0)" }.joined()
      } end: {
        hex($0, 7)
      }
    case .hexdumpB:
      squeezed(bytes) {
        "\(hex($0, 7)) \(octal($1))"
      } end: {
        hex($0, 7)
      }
    case .xxd: rows(bytes) { "\(hex($0, 8)): \(grouped($1, 2))  \(text($1))" }
    case .xxd1: rows(bytes) { "\(hex($0, 8)): \(grouped($1, 1))  \(text($1))" }
    case .xxd4: rows(bytes) { "\(hex($0, 7)): \(grouped($1, 4))  \(text($1))" }
    case .xxdUpper: rows(bytes) { "\(hex($0, 8)): \(grouped($1, 2).uppercased())  \(text($1))" }
    case .xxdPlain: rows(bytes, 30) { grouped($1, 30) }
    case .joined: [grouped(bytes[...], bytes.count)]
    case .spaced: [spaced(bytes[...])]
    case .cArray:
      ["unsigned char config[] = {"]
        + rows(bytes, 12) { "  " + $1.map { "0x\(hex(Int($0), 2))," }.joined(separator: " ") }
        + ["};"]
    case .od:
      squeezed(bytes) {
        "\(radix($0, 8)) \(octalWords($1))"
      } end: {
        radix($0, 8)
      }
    case .odX:
      squeezed(bytes) {
        "\(radix($0, 8)) \(words($1))"
      } end: {
        radix($0, 8)
      }
    case .odX1:
      squeezed(bytes) {
        "\(radix($0, 8)) \(spaced($1))"
      } end: {
        radix($0, 8)
      }
    case .odAddressX:
      squeezed(bytes) {
        "\(hex($0, 6)) \(spaced($1))  >\(text($1))<"
      } end: {
        hex($0, 6)
      }
    case .odDecimal:
      squeezed(bytes) {
        "\(radix($0, 10)) \(spaced($1))"
      } end: {
        radix($0, 10)
      }
    case .odX4:
      squeezed(bytes) { offset, row in
        let units = stride(from: row.startIndex, to: row.endIndex, by: 4).map { start in
          grouped(ArraySlice(row[start..<start + 4].reversed()), 4)
        }
        return "\(radix(offset, 8)) \(units.joined(separator: " "))"
      } end: {
        radix($0, 8)
      }
    case .powerShell:
      rows(bytes) { "\(hex($0, 8))   \(spaced($1).uppercased())  \(text($1))" }
    }
  }

  private func rows(
    _ bytes: [UInt8], _ width: Int = 16, _ line: (Int, ArraySlice<UInt8>) -> String
  ) -> [String] {
    stride(from: 0, to: bytes.count, by: width).map { start in
      line(start, bytes[start..<min(start + width, bytes.count)])
    }
  }

  /// With `*` for rows like the one before, and the size as a last line.
  private func squeezed(
    _ bytes: [UInt8], _ line: (Int, ArraySlice<UInt8>) -> String, end: (Int) -> String
  ) -> [String] {
    var lines: [String] = []
    var last: ArraySlice<UInt8>?
    var isSqueezed = false
    for start in stride(from: 0, to: bytes.count, by: 16) {
      let row = bytes[start..<min(start + 16, bytes.count)]
      if let last, last.elementsEqual(row) {
        if !isSqueezed { lines.append("*") }
        isSqueezed = true
      } else {
        lines.append(line(start, row))
        isSqueezed = false
      }
      last = row
    }
    return lines + [end(bytes.count)]
  }

  private func hex(_ value: Int, _ digits: Int) -> String {
    let text = String(value, radix: 16)
    return String(repeating: "0", count: max(0, digits - text.count)) + text
  }

  private func radix(_ value: Int, _ radix: Int) -> String {
    let text = String(value, radix: radix)
    return String(repeating: "0", count: max(0, 7 - text.count)) + text
  }

  private func spaced(_ bytes: ArraySlice<UInt8>) -> String {
    bytes.map { hex(Int($0), 2) }.joined(separator: " ")
  }

  private func grouped(_ bytes: ArraySlice<UInt8>, _ width: Int) -> String {
    stride(from: bytes.startIndex, to: bytes.endIndex, by: width).map { start in
      bytes[start..<min(start + width, bytes.endIndex)].map { hex(Int($0), 2) }.joined()
    }.joined(separator: " ")
  }

  private func words(_ bytes: ArraySlice<UInt8>) -> String {
    stride(from: bytes.startIndex, to: bytes.endIndex, by: 2).map { start in
      hex(Int(bytes[start]) | (start + 1 < bytes.endIndex ? Int(bytes[start + 1]) << 8 : 0), 4)
    }.joined(separator: " ")
  }

  private func octal(_ bytes: ArraySlice<UInt8>) -> String {
    bytes.map { String(radix(Int($0), 8).suffix(3)) }.joined(separator: " ")
  }

  private func octalWords(_ bytes: ArraySlice<UInt8>) -> String {
    stride(from: bytes.startIndex, to: bytes.endIndex, by: 2).map { start in
      String(radix(Int(bytes[start]) | Int(bytes[start + 1]) << 8, 8).suffix(6))
    }.joined(separator: " ")
  }

  private func text(_ bytes: ArraySlice<UInt8>) -> String {
    String(
      String.UnicodeScalarView(
        bytes.map { (0x20..<0x7f).contains($0) ? Unicode.Scalar($0) : "." }))
  }
}

/// What happens to a dump's text on its way.
package struct DumpDecoration: Sendable {
  package var prefix = ""
  package var isLog = false
  package var lineEnd = "\n"
  package var encoding = 0

  /// Any mix of quoting, indentation, a log's prefix, line ends and encoding.
  package init(using random: inout SplitMix64) {
    prefix = ["", "", "> ", ">", ">>>> ", "> > ", "    ", "\t", "| ", "> \t", "\u{a0} "]
      .randomElement(
        using: &random)!
    isLog = Int.random(in: 0..<4, using: &random) == 0
    lineEnd = ["\n", "\n", "\r\n", " \n", "\r"].randomElement(using: &random)!
    encoding = Int.random(in: 0..<5, using: &random)
  }

  private static let stamps = [
    "[12512.587835] ", "[    0.412345] [    T1] ", "[Tue Mar  4 10:11:12 2025] ", "<7>[    1.5] ",
    "Mar  4 10:11:12 host kernel: ", "2025-03-04T10:11:12,345678+00:00 ",
    "kern  :debug : [    1.2] ",
    "2025-03-04T10:11:12+0000 host kernel: [  12.345678] ",
  ]

  /// The bytes of a file with these lines.
  package func file(_ lines: [String], using random: inout SplitMix64) -> [UInt8] {
    let stamp = isLog ? Self.stamps.randomElement(using: &random)! : ""
    let text = lines.map { $0.isEmpty ? prefix : prefix + stamp + $0 }.joined(separator: lineEnd)
    let units = Array((text + lineEnd).utf16)
    let little = units.flatMap { [UInt8(truncatingIfNeeded: $0), UInt8($0 >> 8)] }
    let big = units.flatMap { [UInt8($0 >> 8), UInt8(truncatingIfNeeded: $0)] }
    switch encoding {
    case 0: return [0xef, 0xbb, 0xbf] + Array((text + lineEnd).utf8)
    case 1: return [0xff, 0xfe] + little
    case 2: return [0xfe, 0xff] + big
    case 3 where !prefix.contains("\u{a0}"): return little
    default: return Array((text + lineEnd).utf8)
    }
  }
}
