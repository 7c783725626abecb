import DeviceServer
import Testing

/// The registers that QEMU is given back of a function.
@Suite struct QMPRegistersTests {
  /// A space with MSI at an offset, each of whose bytes from 4 on is its offset in the capability.
  private static func space(
    byteCount: Int, msi: Int, is64Bit: Bool, isMaskable: Bool
  ) -> [UInt8] {
    var space = [UInt8](repeating: 0, count: byteCount)
    space[0...3] = [0x34, 0x12, 0x78, 0x56]
    // There is a capability list.
    space[6] = 0x10
    space[0x34] = UInt8(msi)
    let head: [UInt8] = [0x05, 0, 0x01 | (is64Bit ? 0x80 : 0), isMaskable ? 1 : 0]
    for offset in msi..<byteCount where offset < 0x100 {
      space[offset] = offset < msi + 4 ? head[offset - msi] : UInt8(offset - msi)
    }
    return space
  }

  private static let kinds: [(is64Bit: Bool, isMaskable: Bool, length: Int, words: [Int])] = [
    (false, false, 10, [4, 8]), (true, false, 14, [4, 8, 12]), (false, true, 20, [4, 8, 12]),
    (true, true, 24, [4, 8, 12, 16]),
  ]

  @Test(arguments: kinds, [255, 256, 4096])
  func theLastPlaceForMSIHasItsRegisters(
    kind: (is64Bit: Bool, isMaskable: Bool, length: Int, words: [Int]), byteCount: Int
  ) throws {
    let msi = (min(byteCount, 256) - kind.length) & ~3
    let space = Self.space(
      byteCount: byteCount, msi: msi, is64Bit: kind.is64Bit, isMaskable: kind.isMaskable)
    let registers = try QMPClient.registers(of: space)
    let base = Array(stride(from: 0x10, to: 0x28, by: 4)) + [0x30, 0x3c]
    // The switch of MSI comes behind what it switches on, and the command register last.
    #expect(registers.map(\.offset) == base + kind.words.map { msi + $0 } + [msi, 4])
    let upper = try #require(registers.first { $0.offset == msi + 4 })
    #expect(upper.value == 0x0706_0504)
  }

  @Test(arguments: kinds)
  func msiThatIsCutIsRefused(
    kind: (is64Bit: Bool, isMaskable: Bool, length: Int, words: [Int])
  ) throws {
    let msi = (256 - kind.length) & ~3 + 4
    for byteCount in [256, 4096] {
      let space = Self.space(
        byteCount: byteCount, msi: msi, is64Bit: kind.is64Bit, isMaskable: kind.isMaskable)
      let error = #expect(throws: QMPError.self) { try QMPClient.registers(of: space) }
      #expect("\(try #require(error))".contains("cut"))
    }
  }

  @Test func aSpaceThatIsTooShortIsRefused() {
    #expect(throws: QMPError.self) {
      try QMPClient.registers(of: [UInt8](repeating: 0, count: 64))
    }
  }
}
