import ByteIO
import StateLayout
import TestSupport

/// Well-formed states with random content, written byte by byte without the layouts that are tested
/// with them.
package enum RandomState {
  package static let names = [
    "mtty", "mlx5", "mlx5-raw", "hisi_acc-v1", "hisi_acc-v2", "virtio", "qat", "pds", "xe", "igb",
    "nvme-tp4159", "nvme-linux-rfc", "dms",
  ]

  package static func bytes(of name: String, seed: UInt64) throws -> [UInt8] {
    var random = SplitMix64(seed: seed)
    switch name {
    case "mtty": return mtty(&random)
    case "mlx5": return mlx5(&random)
    case "mlx5-raw": return random.bytes(Int.random(in: 1...3000, using: &random))
    case "hisi_acc-v1": return hisi(1, &random)
    case "hisi_acc-v2": return hisi(2, &random)
    case "virtio": return virtio(&random)
    case "qat": return qat(&random)
    case "pds": return random.bytes(4 * Int.random(in: 1...1000, using: &random))
    case "xe": return xe(&random)
    case "igb": return igb(&random)
    case "nvme-tp4159": return nvme(isLinux: false, &random)
    case "nvme-linux-rfc": return nvme(isLinux: true, &random)
    default: return try StreamBuilder.random(using: &random).encoded()
    }
  }

  private static func mtty(_ random: inout SplitMix64) -> [UInt8] {
    var writer = ByteWriter()
    let ports = UInt32.random(in: 1...2, using: &random)
    writer.little(0x7e9d_0989_8c3e_2c4e as UInt64)
    for value in [1, 0, ports, 0] { writer.little(value) }
    for _ in 0..<ports {
      let tail = UInt8.random(in: 0...15, using: &random)
      let count = UInt8.random(in: 0...16, using: &random)
      writer.append(random.bytes(24))
      for byte in [(tail + count) % 16, tail, count, 1, 0, 0xaa] { writer.little(byte) }
      writer.little(12 as UInt16)
      for byte in [7, 16, [0, 1, 4, 8, 14].randomElement(using: &random) ?? 0, 0] as [UInt8] {
        writer.little(byte)
      }
    }
    return writer.bytes
  }

  private static func record(_ flags: UInt32, _ tag: UInt32, _ payload: [UInt8]) -> [UInt8] {
    var writer = ByteWriter()
    writer.little(UInt64(payload.count))
    writer.little(flags)
    writer.little(tag)
    writer.append(payload)
    return writer.bytes
  }

  private static func mlx5(_ random: inout SplitMix64) -> [UInt8] {
    var bytes = record(1, 1, random.bytes(8))
    for _ in 0..<Int.random(in: 1...4, using: &random) {
      bytes += record(0, 0, random.bytes(Int.random(in: 1...500, using: &random)))
    }
    if Bool.random(using: &random) { bytes += record(1, 77, random.bytes(9)) }
    return bytes
  }

  private static func hisi(_ version: Int, _ random: inout SplitMix64) -> [UInt8] {
    var writer = ByteWriter()
    let isReady = Bool.random(using: &random)
    writer.little(version == 1 ? 0xcdcd_cdcd_feed_aacc : 0xaacc_feed_deca_dede as UInt64)
    for value in [4, 0xa256, 3, 8, isReady ? 0 : 1] as [UInt32] { writer.little(value) }
    writer.little(version == 1 ? 0 : 1 as UInt16)
    writer.append([UInt8](repeating: 0, count: 10))
    guard isReady else { return writer.bytes }
    for _ in 0..<6 { writer.little(UInt32.random(in: 0...9, using: &random)) }
    let words = (0..<14).map { _ in UInt32.random(in: 1...UInt32.max, using: &random) }
    for word in words { writer.little(word) }
    writer.append(random.bytes(24))
    for start in [version - 1, 7 + version - 1] {
      writer.little(words[start])
      writer.little(words[start + 1])
    }
    for _ in 0..<2 { writer.little(UInt64.random(in: 1...UInt64.max, using: &random)) }
    return writer.bytes
  }

  private static func part(
    _ type: UInt16, _ value: [UInt8], selector: [UInt8] = [], flags: UInt8 = 0
  ) -> [UInt8] {
    var writer = ByteWriter()
    writer.little(type)
    writer.append([flags, 0])
    writer.append(selector + [UInt8](repeating: 0, count: 8 - selector.count))
    writer.little(UInt32(value.count))
    writer.append(value)
    return writer.bytes
  }

  private static func virtio(_ random: inout SplitMix64) -> [UInt8] {
    // Pairs, and the control queue.
    let queues = 2 * UInt8.random(in: 1...2, using: &random) + 1
    var parts = part(0x100, random.bytes(16), flags: 1) + part(0x101, random.bytes(8))
    parts += part(0x102, [queues, 0], selector: [18]) + part(0x102, [0xff, 0xff], selector: [16])
    parts += part(0x103, [0x0f])
    for queue in 0..<queues {
      parts += part(
        0x104, [0, 1, queue, 0, 1, 0, 0, 0] + [1] + random.bytes(23), selector: [queue])
    }
    for queue in 0..<queues {
      parts += part(0x105, [queue, 0, 0, 0, 0, 0, 0, 0], selector: [queue])
    }
    parts += part(0x200, [queues / 2, 0], selector: [4, 0])
    if Bool.random(using: &random) { parts += part(0x300, random.bytes(5), flags: 1) }
    return record(0, 0, parts)
  }

  private static func section(_ id: String, _ body: [UInt8], children: UInt32 = 0) -> [UInt8] {
    var writer = ByteWriter()
    writer.append(Array(id.utf8) + [UInt8](repeating: 0, count: 8 - id.utf8.count))
    writer.little(UInt32(body.count))
    writer.little(children)
    writer.append(body)
    return writer.bytes
  }

  private static func blob(_ body: [UInt8], sections: UInt16) -> [UInt8] {
    var writer = ByteWriter()
    writer.little(0xadf5_caea as UInt32)
    writer.little(1 as UInt32)
    writer.little(16 as UInt16)
    writer.little(sections)
    writer.little(UInt32(body.count))
    writer.append(body)
    return writer.bytes
  }

  private static func qat(_ random: inout SplitMix64) -> [UInt8] {
    let capabilities =
      section("gencap", random.bytes(4)) + section("svcmap", random.bytes(2))
      + section("extdc", random.bytes(4))
    let agreements = random.bytes(24 * Int.random(in: 0...4, using: &random))
    let general =
      section("iovinit", [1]) + section("compver", [1]) + section("sla", agreements)
    let misc = ["visrc", "vimsk", "vispv", "vimpv", "pf2vm", "vm2pf"]
      .flatMap { section($0, random.bytes(4)) }
    let banks = (0..<4).flatMap { bank in
      // No ring is empty, and there is no exception.
      let registers =
        random.bytes(12) + [0, 0, 0, 0] + random.bytes(14 * 4) + [0, 0, 0, 0]
        + random.bytes(472 - 19 * 4)
      return section("bnk\(bank)", section("mregs", registers), children: 1)
    }
    let bytes =
      blob(section("CONFIG", capabilities, children: 3), sections: 1)
      + blob(
        section("GENER", general, children: 3) + section("MISCBAR", misc, children: 6)
          + section("ETRBAR", banks, children: 4), sections: 3)
    return bytes + [UInt8](repeating: 0, count: 4096 - bytes.count)
  }

  private static func packet(
    _ type: UInt8, _ payload: [UInt8], gt: UInt8 = 0, offset: UInt64 = 0
  ) -> [UInt8] {
    var writer = ByteWriter()
    writer.append([1, type, 0, gt, 0, 0, 0, 0])
    writer.little(offset)
    writer.little(UInt64(payload.count))
    writer.append(payload)
    return writer.bytes
  }

  private static func xe(_ random: inout SplitMix64) -> [UInt8] {
    var bytes = packet(1, [1, 0, 1, 0xf0] + random.bytes(4) + [1, 0, 2, 0xf0] + random.bytes(4))
    for gt in 0..<UInt8.random(in: 1...2, using: &random) {
      bytes += packet(5, random.bytes(4 * Int.random(in: 1...50, using: &random)), gt: gt)
      bytes += packet(3, random.bytes(8 * Int.random(in: 1...50, using: &random)), gt: gt)
      bytes += packet(4, random.bytes(16), gt: gt)
      bytes +=
        packet(6, random.bytes(100), gt: gt) + packet(6, random.bytes(50), gt: gt, offset: 100)
    }
    return bytes + packet(2, [])
  }

  private static func igb(_ random: inout SplitMix64) -> [UInt8] {
    var writer = ByteWriter()
    let function = UInt32.random(in: 0...7, using: &random)
    let isWhole = Bool.random(using: &random)
    let registers = igbRegisters(of: function, isWhole: isWhole)
    for value in [0x4d49_4742, 1, function, UInt32(registers.count)] { writer.little(value) }
    for register in registers {
      writer.little(register)
      writer.append(random.bytes(4))
    }
    writer.append([UInt8](repeating: 0, count: 528 - writer.count))
    guard isWhole else { return writer.bytes }
    let places = (0..<24 as Range<UInt32>).map { $0 < 16 ? 0x1500 + 2 * $0 : 0x1518 + 2 * $0 }
    let addresses = places.shuffled(using: &random).prefix(Int.random(in: 1...24, using: &random))
    writer.little(UInt32(2 * addresses.count))
    for address in addresses {
      writer.little(address)
      writer.append(random.bytes(4))
      writer.little(address + 1)
      writer.little(
        0x8000_0000 | 0x4_0000 << function | UInt32.random(in: 0...0xffff, using: &random))
    }
    writer.append([UInt8](repeating: 0, count: 916 - writer.count))
    writer.little(2 as UInt32)
    writer.append(random.bytes(96))
    for value in [0, 1] as [UInt32] { writer.little(value) }
    return writer.bytes
  }

  /// The registers of a function of igb, in words and in the device's order; a structure of
  /// registers alone has not the three masks of interrupts.
  package static func igbRegisters(of function: UInt32, isWhole: Bool = true) -> [UInt32] {
    let control = isWhole ? [0, 8, 9, 10, 11, 12, 32] : [0, 8, 10, 32] as [UInt32]
    let counters = [4, 5, 6, 13, 15, 16, 17, 18, 20] as [UInt32]
    var registers = (control + counters).map { 0x4000 + 0x40 * function + $0 }
    registers += ([0x310, 0x300, 0x16b4, 0xdc0, 0x1520, 0x45c0, 0x45c8] as [UInt32])
      .map { $0 + function }
    registers += (0..<3 as Range<UInt32>).map { 0x5b6 + $0 - 3 * function }
    for queue in [function, function + 8] {
      registers += ([0, 1, 2, 3, 4, 6, 10, 5, 12] as [UInt32]).map { 0x3000 + 0x10 * queue + $0 }
      registers += ([0, 1, 2, 4, 6, 10, 5, 14, 15] as [UInt32]).map { 0x3800 + 0x10 * queue + $0 }
    }
    return registers
  }

  private static func nvme(isLinux: Bool, _ random: inout SplitMix64) -> [UInt8] {
    let completions = UInt16.random(in: 0...5, using: &random)
    let submissions = completions == 0 ? 0 : UInt16.random(in: 0...5, using: &random)
    var state = ByteWriter()
    for value in [0, submissions, completions, 0] { state.little(value) }
    for queue in 0..<submissions {
      state.append(random.bytes(8))
      for value in [63, queue + 1, queue % completions + 1, 5, 3, 63] { state.little(value) }
      state.append(random.bytes(4))
    }
    for queue in 0..<completions {
      state.append(random.bytes(8))
      for value in [63, queue + 1, 3, 63] { state.little(value) }
      state.append(random.bytes(isLinux ? 6 : 8))
    }
    while state.count % 4 != 0 { state.little(0 as UInt8) }
    let vendor = random.bytes(4 * Int.random(in: 0...9, using: &random))
    var writer = ByteWriter()
    writer.append([0, 0, 1] + [UInt8](repeating: 0, count: 13))
    if isLinux {
      writer.little(UInt16(state.count / 4))
      writer.little(UInt16(vendor.count / 4))
    } else {
      for value in [UInt64(state.count / 4), 0, UInt64(vendor.count / 4), 0] {
        writer.little(value)
      }
    }
    writer.append(state.bytes)
    writer.append(vendor)
    return writer.bytes
  }
}
