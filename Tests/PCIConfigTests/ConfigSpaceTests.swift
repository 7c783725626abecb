import PCIConfig
import PCITestSupport
import TestSupport
import Testing

@Suite struct ConfigSpaceTests {
  @Test(arguments: [0, 1, 63, 4097, 65536])
  func otherSizesAreRefused(count: Int) {
    let error = #expect(throws: PCIConfigError.self) {
      try ConfigSpace([UInt8](repeating: 0, count: count))
    }
    #expect(error?.code == .size)
    #expect(error?.description.contains("\(count)") == true)
  }

  @Test(arguments: [64, 255, 256, 4096])
  func usualSizesAreTaken(count: Int) throws {
    #expect(try ConfigSpace([UInt8](repeating: 0, count: count)).byteCount == count)
  }

  // Every offset around both ends, every width.
  @Test func loadsAreCheckedAndLittleEndian() throws {
    let bytes = (0..<255).map { UInt8($0) }
    let space = try ConfigSpace(bytes)
    for offset in [Int.min, -1, 0, 1, 100, 247, 251, 252, 253, 254, 255, 256, Int.max - 8, Int.max]
    {
      for count in 1...8 {
        let inside = offset >= 0 && offset <= 255 - count
        let expected =
          inside
          ? (0..<count).reduce(UInt64(0)) { $0 | UInt64(bytes[offset + $1]) << (8 * UInt64($1)) }
          : nil
        #expect(space.load(offset, byteCount: count) == expected)
      }
      #expect(space.u8(at: offset).map { UInt64($0) } == space.load(offset, byteCount: 1))
      #expect(space.u16(at: offset).map { UInt64($0) } == space.load(offset, byteCount: 2))
      #expect(space.u32(at: offset).map { UInt64($0) } == space.load(offset, byteCount: 4))
    }
    #expect(space.load(0, byteCount: 0) == nil)
    #expect(space.load(0, byteCount: 9) == nil)
  }

  @Test func unknownBytesHaveNoValue() throws {
    let space = try ConfigSpace(
      [UInt8](repeating: 0x5a, count: 256), unknownRanges: [80..<96, 200..<300, 90..<112])
    #expect(space.unknownRanges == [80..<112, 200..<256])
    #expect(space.bytes[79] == 0x5a && space.bytes[80] == 0 && space.bytes[255] == 0)
    for offset in 0..<256 {
      let known = !(80..<112).contains(offset) && !(200..<256).contains(offset)
      #expect((space.u8(at: offset) != nil) == known)
    }
    #expect(space.u32(at: 77) == nil && space.u32(at: 76) == 0x5a5a_5a5a)
    #expect(space.bytes(60..<80)?.count == 20)
    #expect(space.bytes(60..<81) == nil && space.bytes(-1..<4) == nil)
  }

  @Test func baseAddressesAreDecoded() throws {
    var builder = SpaceBuilder(byteCount: 256)
    builder.store32(0x0000_c001, at: 0x10)
    builder.store32(0xfebf_000c, at: 0x14)
    builder.store32(0x0000_0038, at: 0x18)
    builder.store32(0x000a_0002, at: 0x1c)
    builder.store32(0xfe00_0000, at: 0x20)
    // A 64-bit register without a partner is taken for what it can be.
    builder.store32(0x8000_0004, at: 0x24)
    let found = try builder.space.baseAddresses
    #expect(found.map(\.index) == [0, 1, 3, 4, 5])
    #expect(found.map(\.kind) == [.io, .mem64, .mem1M, .mem32, .mem32])
    #expect(found.map(\.address) == [0xc000, 0x38_febf_0000, 0xa0000, 0xfe00_0000, 0x8000_0000])
    #expect(found.map(\.isPrefetchable) == [false, true, false, false, false])
  }

  @Test func subsystemOfABridgeComesFromItsCapability() throws {
    var builder = SpaceBuilder(byteCount: 256)
    builder.store8(1, at: 0x0e)
    builder.add(standard: 0x0d, at: 0x50, [0, 0, 0x43, 0x10, 0x62, 0x1c])
    let subsystem = try builder.space.subsystem
    #expect(subsystem?.vendor == 0x1043 && subsystem?.device == 0x1c62)
  }
}
