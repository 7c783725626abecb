import ByteIO
import PCIConfig

/// Registers as lines for people.
enum RegisterText {
  private static let columns = 100

  /// One line a register with fields; neighbours without fields share a line, and so do registers
  /// of a series, such as one for each lane.
  static func lines(of registers: [RegisterValue]) -> [String] {
    let series = Dictionary(grouping: registers, by: stem).filter {
      $0.key != nil && $0.value.count >= 4
    }
    var lines: [String] = []
    var plain: [String] = []
    func flush() {
      if !plain.isEmpty { lines += wrap("", plain, indent: "\t\t") }
      plain = []
    }
    for register in registers {
      if let stem = stem(register), let members = series[stem] {
        guard members.first?.offset == register.offset else { continue }
        flush()
        lines += wrap("\(stem)0-\(members.count - 1):", members.map(digits), indent: "\t\t")
      } else if register.register.fields.isEmpty {
        plain.append("\(register.name)=0x\(digits(register))")
      } else {
        flush()
        lines += self.lines(of: register, indent: "\t\t")
      }
    }
    flush()
    return lines
  }

  static func lines(of register: RegisterValue, indent: String) -> [String] {
    let words = register.fields.map { field -> String in
      guard case .flag = field.field.meaning else { return "\(field.name)=\(field.text)" }
      return field.name + field.text
    }
    return wrap("\(register.name):", words, indent: indent)
  }

  /// `words` behind `name`, on as many lines as they need.
  static func wrap(_ name: String, _ words: [String], indent: String) -> [String] {
    // A tab counts as the eight columns that terminals give it.
    let margin = indent.count * 8
    var lines: [String] = []
    var line = name
    for word in words {
      if line.isEmpty {
        line = word
      } else if margin + line.count + 1 + word.count <= columns {
        line += " " + word
      } else {
        lines.append(indent + line)
        line = "\t" + word
      }
    }
    return lines + [indent + line]
  }

  /// The value in as many hexadecimal digits as the register has.
  private static func digits(_ register: RegisterValue) -> String {
    hex(register.value, digits: 2 * register.register.byteCount)
  }

  /// The name without the number that it ends in, if it does.
  private static func stem(_ register: RegisterValue) -> String? {
    let stem = String(register.name.reversed().drop { $0.isNumber }.reversed())
    return stem == register.name ? nil : stem
  }
}
