import StateTestSupport
import TestSupport

/// A state of a QAT function, section by section.
struct QATState {
  struct Section {
    var id: String
    var payload: [UInt8] = []
    var children: [Section] = []
    /// What the header says where it lies.
    var size: UInt32?
    var count: UInt32?

    var bytes: [UInt8] {
      let content = payload + children.flatMap(\.bytes)
      var writer = StateWriter()
      writer.put(id, filling: 8)
      writer.put(size ?? UInt32(content.count))
      writer.put(count ?? UInt32(children.count))
      writer.put(content)
      return writer.bytes
    }
  }

  struct Blob {
    var magic: UInt32 = 0xadf5_caea
    var version: UInt32 = 1
    var preambleLength: UInt16 = 16
    var count: UInt16?
    var size: UInt32?
    var sections: [Section] = []

    var bytes: [UInt8] {
      let content = sections.flatMap(\.bytes)
      var writer = StateWriter()
      writer.put(magic)
      writer.put(version)
      writer.put(preambleLength)
      writer.put(count ?? UInt16(sections.count))
      writer.put(size ?? UInt32(content.count))
      writer.put(content)
      return writer.bytes
    }
  }

  var setup = Blob()
  var state = Blob()

  /// 4096 bytes.
  var bytes: [UInt8] {
    let content = setup.bytes + state.bytes
    return content + Array(repeating: 0, count: 4096 - content.count)
  }

  static func integer(_ value: some FixedWidthInteger) -> [UInt8] {
    var writer = StateWriter()
    writer.put(value)
    return writer.bytes
  }

  static func rateLimit(
    service: UInt32, mask: UInt64, committed: UInt32, peak: UInt32, padding: UInt32 = 0
  ) -> [UInt8] {
    integer(service) + integer(padding) + integer(mask) + integer(committed) + integer(peak)
  }

  /// 22 registers and 16 rings.
  static func registers(_ registers: [UInt32], base: UInt64) -> [UInt8] {
    var writer = StateWriter()
    for register in registers { writer.put(register) }
    for ring in 0..<16 as Range<UInt32> {
      writer.put(ring < 2 ? base + UInt64(ring) * 0x1000 : 0)
      writer.put(ring < 2 ? 0x205 as UInt32 : 0)
      writer.put(ring < 2 ? 64 * ring : 0)
      writer.put(ring < 2 ? 128 * ring : 0)
      writer.put(0 as UInt32)
    }
    return writer.bytes
  }

  static func random(seed: UInt64, limits: Int? = nil) -> QATState {
    var generator = SplitMix64(seed: seed)
    func word() -> UInt32 { UInt32(truncatingIfNeeded: generator.next()) }
    var state = QATState()
    state.setup.sections = [
      Section(
        id: "CONFIG",
        children: [
          Section(id: "gencap", payload: integer(word())),
          Section(id: "svcmap", payload: integer(UInt16(truncatingIfNeeded: word()))),
          Section(id: "extdc", payload: integer(word())),
        ])
    ]
    let count = limits ?? Int.random(in: 0...4, using: &generator)
    let rateLimits = (0..<count).flatMap { _ -> [UInt8] in
      let rates = [word(), word()].sorted()
      return rateLimit(
        service: word() % 3, mask: UInt64(1) << UInt64(word() % 64), committed: rates[0],
        peak: rates[1], padding: word())
    }
    let misc = ["visrc", "vimsk", "vispv", "vimpv", "pf2vm", "vm2pf"]
    let banks = (0..<4).map { number -> Section in
      var registers = (0..<22).map { _ in word() }
      // The first ring is empty, and neither of the two full.
      registers[3] = registers[3] & ~2 | 1
      registers[6] &= ~3
      registers[18] = 0
      registers[21] = 0
      return Section(
        id: "bnk\(number)",
        children: [
          Section(
            id: "mregs", payload: self.registers(registers, base: generator.next() & ~0x3f))
        ])
    }
    state.state.sections = [
      Section(
        id: "GENER",
        children: [
          Section(id: "iovinit", payload: [UInt8(word() % 2)]),
          Section(id: "compver", payload: [UInt8(word() % 5)]),
          Section(id: "sla", payload: rateLimits),
        ]),
      Section(id: "MISCBAR", children: misc.map { Section(id: $0, payload: integer(word())) }),
      Section(id: "ETRBAR", children: banks),
    ]
    // Sections are found by their names.
    state.state.sections.shuffle(using: &generator)
    return state
  }

  /// The one with its sections in the driver's order.
  static var sample: QATState {
    var state = random(seed: 7, limits: 2)
    let order = ["GENER", "MISCBAR", "ETRBAR"]
    state.state.sections = order.compactMap { id in
      state.state.sections.first { $0.id == id }
    }
    state.setup.sections[0].children[0].payload = integer(0x0123_4567 as UInt32)
    state.state.sections[0].children[2].payload =
      rateLimit(service: 1, mask: 0x30, committed: 100, peak: 200)
      + rateLimit(service: 2, mask: 0xc0, committed: 300, peak: 300, padding: 0xffff_ffff)
    return state
  }
}
