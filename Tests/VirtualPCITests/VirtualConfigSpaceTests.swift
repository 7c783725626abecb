import PCIConfig
import PCITestSupport
import TestSupport
import Testing
import VirtualPCI

@Suite struct VirtualConfigSpaceTests {
  private func space(
    _ text: String = Fixture.short, host: HostFunction? = nil
  ) throws -> VirtualConfigSpace<MemoryDevice> {
    let layout = try Fixture.layout(text)
    let host = try host ?? Fixture.drive(pasidWidth: 20)
    return try VirtualConfigSpace(
      layout, at: PhysicalOffsets(of: layout, on: host), on: MemoryDevice(host.space.bytes))
  }

  @Test func aBARTellsItsSize() throws {
    var space = try space()
    #expect(space.read(0x10, byteCount: 4) == 0x4)
    #expect(space.write(0x10, byteCount: 4, value: 0xffff_ffff) == .baseAddress)
    space.write(0x14, byteCount: 4, value: 0xffff_ffff)
    #expect(space.read(0x10, byteCount: 8) == 0xffff_ffff_ffff_c004)
    space.write(0x10, byteCount: 8, value: 0x12_3456_7abc)
    #expect(space.read(0x10, byteCount: 8) == 0x12_3456_4004)
    space.write(0x18, byteCount: 4, value: 0xffff_ffff)
    #expect(space.read(0x18, byteCount: 4) == 0)
  }

  @Test func constantsAreNotWritten() throws {
    var space = try space()
    for offset in [0x00, 0x08, 0x34, 0x40, 0x100, 0xff8] {
      let before = space.read(offset, byteCount: 4)
      #expect(space.write(offset, byteCount: 4, value: ~before) == [])
      #expect(space.read(offset, byteCount: 4) == before)
    }
  }

  @Test func aOneClearsWhatItClears() throws {
    let text =
      Fixture.short
      + "\n  - { at: 0xc0, bits: 0xff, source: emulated, clear: 0xf0, write: 0x03, reset: 0xff, name: w }\n"
    var space = try space(text)
    space.write(0xc0, byteCount: 1, value: 0x5a)
    // 0x50 cleared, the low two bits written, the others as they were.
    #expect(space.read(0xc0, byteCount: 1) == 0xae)
  }

  @Test func unalignedAndStraddlingAccessesSeeTheSameBytes() throws {
    var space = try space()
    space.write(0x0c, byteCount: 1, value: 0x10)
    let bytes = (0..<4096).map { UInt8(space.read($0, byteCount: 1)) }
    for offset in Array(0..<0x140) + Array(0xff0..<0x1000) {
      for count in 1...8 {
        var expected: UInt64 = 0
        for index in 0..<count {
          expected |=
            UInt64(offset + index < 4096 ? bytes[offset + index] : 0xff) << UInt64(8 * index)
        }
        #expect(space.read(offset, byteCount: count) == expected)
      }
    }
    // Half of the MSI-X control, half of what lies before it.
    space.write(0x51, byteCount: 3, value: 0x80_0000)
    #expect(space.read(0x50, byteCount: 4) == 0x8020_7011)
  }

  @Test func outsideReadsOnesAndIgnoresWrites() throws {
    var space = try space()
    #expect(space.read(4096, byteCount: 4) == .max)
    #expect(space.read(-1, byteCount: 1) == .max)
    #expect(space.read(0, byteCount: 0) == .max)
    #expect(space.read(0, byteCount: 9) == .max)
    #expect(space.write(Int.max, byteCount: 4, value: 0) == [])
    #expect(space.write(4092, byteCount: 8, value: 0) == [])
  }

  @Test func passedThroughBitsAreTheDevices() throws {
    var space = try space()
    // The drive's express capability lies at 0x50, so its device control at 0x58.
    #expect(space.read(0x78, byteCount: 2) & 0x7000 == 0)
    space.device.bytes[0x59] = 0x50
    #expect(space.read(0x78, byteCount: 2) == 0x5810)
    space.write(0x78, byteCount: 2, value: 0x3810)
    #expect(space.device.bytes[0x59] & 0x70 == 0x30)
    #expect(space.read(0x78, byteCount: 2) == 0x3810)
  }

  @Test func forwardedBitsReachTheDeviceAndStayTheGuests() throws {
    var space = try space()
    #expect(space.write(0x04, byteCount: 2, value: 0xffff).contains(.command))
    #expect(space.read(0x04, byteCount: 2) == 0x0146)
    #expect(space.device.bytes[4] == 0x06)
    // The device forgets; the guest still reads what it wrote.
    space.device.bytes[4] = 0
    #expect(space.read(0x04, byteCount: 2) == 0x0146)
  }

  @Test func aWriteLeavesTheDevicesOtherBitsAlone() throws {
    let text =
      Fixture.short + "\n  - { at: 0xc0, bits: 0x0f, source: device, physical: 0xe0, name: low }\n"
    var space = try space(text)
    space.device.bytes[0xe0] = 0xa0
    space.write(0xc0, byteCount: 1, value: 0x5)
    #expect(space.device.bytes[0xe0] == 0xa5)
    #expect(space.read(0xc0, byteCount: 1) == 0x05)
  }

  @Test func errorsAreClearedOnTheDeviceWithoutTouchingTheirNeighbours() throws {
    let host = try Fixture.drive(pasidWidth: 20)
    let text = try ProfileDerivation(from: [host]).text
    var space = try space(text, host: host)
    let aer = try #require(space.layout.first(.advancedErrorReporting)).offset
    // Only what a guest writes as 1 reaches a register that clears.
    space.write(aer + 0x10, byteCount: 4, value: 0x2000)
    #expect(space.device.writes.map(\.value).reduce(0, |) == 0x20)
  }

  @Test func aWholeRegisterOfTheDevicesIsOneWrite() throws {
    let host = try Fixture.host("qemu-virtio-net-ats")
    var space = try space(try ProfileDerivation(from: [host]).text, host: host)
    space.write(0xd8, byteCount: 4, value: 0xdead_beef)
    #expect(space.device.writes.map(\.byteCount) == [4])
    #expect(space.read(0xd8, byteCount: 4) == 0xdead_beef)
    #expect(space.read(0xd9, byteCount: 2) == 0xadbe)
  }

  @Test func effectsSayWhatAVMMHasToDo() throws {
    var space = try space()
    #expect(space.write(0x52, byteCount: 2, value: 0x8000) == .interrupts)
    #expect(space.write(0x52, byteCount: 2, value: 0x8000) == [])
    #expect(space.write(0x44, byteCount: 2, value: 3) == .power)
    #expect(space.write(0x78, byteCount: 2, value: 0x8000).contains(.functionReset))
    #expect(space.read(0x78, byteCount: 2) & 0x8000 == 0)
    #expect(!space.write(0x78, byteCount: 2, value: 0x0010).contains(.functionReset))
    #expect(space.write(0xffe, byteCount: 2, value: 1) == .addressTranslation)
    // Permissions that the profile does not offer cannot be enabled.
    space.write(0xffe, byteCount: 2, value: 7)
    #expect(space.read(0xffe, byteCount: 2) == 1)
  }

  @Test func resetBringsTheProfilesValuesBack() throws {
    var space = try space()
    space.write(0x10, byteCount: 4, value: 0xfe00_0000)
    space.write(0x52, byteCount: 2, value: 0x8000)
    space.reset()
    let layout = space.layout
    for offset in 0..<4096 where layout.image.device[offset] == 0 {
      #expect(UInt8(space.read(offset, byteCount: 1)) == layout.synthesized[offset])
    }
  }

  @Test func stateMovesToAnotherDevice() throws {
    var source = try space()
    source.write(0x04, byteCount: 2, value: 0x0006)
    source.write(0x10, byteCount: 8, value: 0xfe00_0000)
    source.write(0x52, byteCount: 2, value: 0x8000)
    source.write(0x78, byteCount: 2, value: 0x5810)
    let saved = source.save()
    #expect(saved.profileName == "nvme-4k.v1")
    #expect(saved.profileDigest == source.layout.digest)
    #expect(saved.synthesized.count == saved.emulatedBits.count)
    #expect(saved.emulatedBits[0x79] == 0x8f)

    var target = try space()
    try target.restore(saved)
    #expect(target.save() == saved)
    #expect(target.device.bytes[4] & 0x6 == 0x6)
    #expect(target.device.bytes[0x59] & 0x70 == 0x50)
  }

  @Test func stateOfAnotherProfileIsRefused() throws {
    var saved = try space().save()
    var other = try space(Fixture.short.replacing("width: 16", with: "width: 17"))
    #expect(throws: ConfigRestoreError<Never>.self) { try other.restore(saved) }
    saved.synthesized.removeLast()
    var same = try space()
    #expect(throws: ConfigRestoreError<Never>.self) { try same.restore(saved) }
  }

  @Test func aDeviceWithoutACounterpartIsRefused() throws {
    let text =
      Fixture.short
      + "\n  - { at: 0xc0, bits: 0xff, source: device, physical: \"acs+4\", name: x }\n"
    #expect(throws: PCIConfigError.self) { _ = try self.space(text) }
  }

  /// Random accesses against a model that goes bit by bit.
  @Test(arguments: seeds(20))
  func everyAccessDoesWhatTheMapSays(seed: UInt64) throws {
    var random = SplitMix64(seed: seed)
    var space = try space()
    let image = space.layout.image
    var model = zip(image.reset, image.device).map { $0 & ~$1 }
    for _ in 0..<500 {
      let offset = Int.random(in: 0..<4096, using: &random)
      let count = Int.random(in: 1...8, using: &random)
      if Bool.random(using: &random) {
        let value = random.next()
        space.write(offset, byteCount: count, value: value)
        for index in 0..<count where offset + index < 4096 {
          let byte = UInt8(truncatingIfNeeded: value >> UInt64(8 * index))
          let mask = image.writable[offset + index]
          model[offset + index] =
            (model[offset + index] & ~mask | byte & mask)
            & ~(byte & image.clearable[offset + index])
        }
      } else {
        let value = space.read(offset, byteCount: count)
        for index in 0..<count where offset + index < 4096 {
          let byte = UInt8(truncatingIfNeeded: value >> UInt64(8 * index))
          #expect(byte & ~image.device[offset + index] == model[offset + index])
        }
      }
    }
  }
}
