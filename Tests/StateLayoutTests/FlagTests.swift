import StateLayout
import Testing

@Suite struct FlagTests {
  private func layout(_ key: String) throws -> Layout {
    try Layout(
      parsing: """
        meta: { id: t, endian: le }
        seq:
          - { id: f, type: u2, \(key) }
        enums:
          bits: { 1: a, 2: b, 0x30: both, 0x10: low, 0x8000: top }
        """)
  }

  @Test(
    arguments: [
      (0, nil), (1, "a"), (3, "a | b"), (0x10, "low"), (0x30, "both"), (0x20, "0x20"),
      (0x8031, "a | both | top"), (0x104, "0x104"), (0x105, "a | 0x104"),
    ] as [(UInt16, String?)])
  func bitsHaveNames(_ value: UInt16, _ names: String?) throws {
    let bytes = [UInt8(value & 0xff), UInt8(value >> 8)]
    let tree = try layout("-ferry-flags: bits").dissect(bytes)
    #expect(tree["f"]?.meaning == names && tree.isSound)
    #expect(try tree.encodedBytes() == bytes)
  }

  @Test(
    arguments: [
      "-ferry-flags: none", "-ferry-flags: bits, enum: bits", "-ferry-flags: [bits]",
    ])
  func whatIsNoEnumerationIsRefused(_ key: String) {
    #expect(throws: LayoutError.self) { try layout(key) }
  }

  @Test func onlyIntegersHaveFlags() {
    #expect(throws: LayoutError.self) {
      try Layout(
        parsing: """
          meta: { id: t, endian: le }
          seq: [{ id: f, size: 2, -ferry-flags: bits }]
          enums: { bits: { 1: a } }
          """)
    }
  }
}
