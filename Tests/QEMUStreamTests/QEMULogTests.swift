import PCIConfig
import QEMUStream
import TestSupport
import Testing

/// QEMU's messages in texts, and what is said of them.
@Suite struct QEMULogTests {
  private static let slot =
    "get_pci_config_device: Bad config data: i=0x6e read: 0 device: 40 cmask: ff wmask: 0 w1cmask:19"

  private func log(_ text: String) throws -> QEMULog { try QEMULog(Array(text.utf8)) }

  private func explanation(
    _ text: String, local: ConfigSpace? = nil, remote: ConfigSpace? = nil
  ) throws -> RefusalExplanation {
    RefusalExplanation(try #require(log(text).entries.first).refusal, local: local, remote: remote)
  }

  // MARK: Reading

  @Test(arguments: 0..<200 as Range<UInt64>)
  func aMessageIsReadAsItIsWritten(seed: UInt64) throws {
    var random = SplitMix64(seed: seed)
    func byte() -> UInt8 { UInt8(truncatingIfNeeded: random.next()) }
    let (read, device) = (byte(), byte())
    let (cmask, wmask, w1cmask) = (byte(), byte(), byte())
    let offset = Int(random.next() % 4096)
    let text =
      "get_pci_config_device: Bad config data: i=0x\(String(offset, radix: 16)) "
      + "read: \(String(read, radix: 16)) device: \(String(device, radix: 16)) "
      + "cmask: \(String(cmask, radix: 16)) wmask: \(String(wmask, radix: 16)) "
      + "w1cmask:\(String(w1cmask, radix: 16))"
    let refusal = try #require(log("\(seed) lines\n\n\(text)\n").entries.first)
    #expect(refusal.lines == [3])
    #expect(refusal.refusal.message == text)
    #expect(refusal.refusal.differing == (read ^ device) & cmask & ~wmask & ~w1cmask)
    _ = RefusalExplanation(refusal.refusal)
    _ = RefusalExplanation(
      refusal.refusal, local: try SamplePort.space(), remote: try SamplePort.space(isTaken: true))
  }

  @Test func linesMayBeWrappedAndQuoted() throws {
    let found = try log(
      """
      > qemu-kvm: get_pci_config_device: Bad config data: i=0x6e read: 0
      >   device: 40 cmask: ff wmask: 0 w1cmask:19
      > qemu-kvm: error while loading state for instance 0x0 of device
      > '0000:00:12.0/pcie-root-port'
      """)
    #expect(found.entries.map(\.refusal.message) == [Self.slot])
    #expect(found.entries.map(\.refusal.section) == ["0000:00:12.0/pcie-root-port"])
  }

  @Test func everyMessageIsFoundOnceWithItsDevice() throws {
    let other = Self.slot.replacing("0x6e", with: "0x44")
    let device = "error while loading state for instance 0x0 of device"
    let found = try log(
      "\(Self.slot)\n\(other)\n\(device) 'b/vfio'\n\(Self.slot)\n\(Self.slot)\r\n\(device) 'c'\n")
    // Without a device of its own, a message is another than the same one with it.
    #expect(found.entries.map(\.lines) == [[1, 4], [2], [5]])
    #expect(found.entries.map(\.refusal.section) == [nil, "b/vfio", "c"])
  }

  @Test(arguments: [
    ("", "a message"), ("nothing", "a message"), ("Bad config data:", "'i='"),
    ("Bad config data: i=0x1000 read: 0", "up to fff"), ("Bad config data: i=g", "number"),
    ("Bad config data: i=0x1 read: 100", "up to ff"),
    ("Bad config data: i=0x1 read: 1 device: 2 cmask: ff wmask: 0", "'w1cmask:'"),
  ])
  func whatIsNoMessageIsRefused(text: String, expected: String) {
    #expect {
      _ = try QEMULog(Array(text.utf8))
    } throws: {
      ($0 as? QEMULog.Defect)?.expected.contains(expected) == true
    }
  }

  @Test func aMessageWithoutItsWordsIsRead() throws {
    let numbers = try #require(Self.slot.firstRange(of: "i=0x")).lowerBound
    let bare = String(Self.slot[numbers...])
    let found = try log("he wrote:\n> \(bare)\nand\n\(Self.slot)\nmii=0x6e read: 1")
    #expect(found.entries.map(\.lines) == [[2, 4]])
    #expect(found.defects.isEmpty)
    #expect(QEMULog.hasMessage(bare) && !QEMULog.hasMessage("mii=0x6e read: 1"))
  }

  @Test(arguments: [true, false]) func aLogInUTF16IsRead(isBig: Bool) throws {
    let text = "\u{feff}2026-11-30 qemu: \(Self.slot)\r\n"
    let bytes = text.utf16.flatMap { unit in
      let (high, low) = (UInt8(unit >> 8), UInt8(unit & 0xff))
      return isBig ? [high, low] : [low, high]
    }
    #expect(try QEMULog(bytes).entries.map(\.lines) == [[1]])
  }

  @Test func aMessageThatBreaksOffDoesNotHideTheOthers() throws {
    let found = try log("Bad config data: i=0x1 re\n\(Self.slot)")
    #expect(found.entries.map(\.lines) == [[2]])
    #expect(found.defects.map(\.line) == [1])
  }

  @Test(arguments: 0..<50 as Range<UInt64>)
  func anyBytesAreReadOrRefused(seed: UInt64) {
    var random = SplitMix64(seed: seed)
    var bytes = Array("\(Self.slot)\n\(Self.slot) of device '".utf8)
    for _ in 0..<8 {
      bytes[Int(random.next() % UInt64(bytes.count))] = UInt8(truncatingIfNeeded: random.next())
    }
    do throws(QEMULog.Defect) {
      #expect(!(try QEMULog(bytes)).entries.isEmpty)
    } catch {
      #expect(!error.expected.isEmpty)
    }
  }

  // MARK: Explaining

  @Test func theMasksTellASlotsStatus() throws {
    let found = try explanation(Self.slot)
    #expect(found.evidence == .masks)
    #expect(found.function == .emulated)
    #expect(found.place?.register?.name == "SltSta")
    #expect(found.fields.map { [$0.name, $0.stream, $0.destination] } == [["PresDet", "-", "+"]])
    #expect(found.values == nil)
    #expect(found.unknowns.contains { $0.contains("--local") })
    #expect(found.waysOut.contains { $0.contains("8.1") })
  }

  @Test func aSpaceTellsTheRegisterAndItsValues() throws {
    let local = try SamplePort.space(isTaken: true)
    let found = try explanation(Self.slot, local: local, remote: try SamplePort.space())
    #expect(found.evidence == .space)
    #expect(found.place?.name == "PCI Express SltSta")
    #expect(found.values?.stream == 0)
    #expect(found.values?.destination == 0x40)
    #expect(found.unknowns.isEmpty)
  }

  @Test func aSpaceOfAnotherDeviceIsNoticed() throws {
    let found = try explanation(Self.slot, local: try SamplePort.space())
    #expect(found.unknowns.contains { $0.contains("the local space has 00 at 0x6e") })
  }

  @Test func withoutASpaceOnlyTheHeaderIsKnown() throws {
    let capability = try explanation(Self.slot.replacing("w1cmask:19", with: "w1cmask:0"))
    #expect(capability.evidence == .none)
    #expect(capability.place == nil)
    #expect(capability.unknowns.contains { $0.contains("0x40 on") })
    let ids = try explanation(
      "Bad config data: i=0x2 read: 41 device: 0 cmask: ff wmask: 0 w1cmask:0")
    #expect(ids.evidence == .header)
    #expect(ids.place?.name == "header DeviceID")
    // An endpoint has a BAR there, and a bridge a window.
    let either = try explanation(
      "Bad config data: i=0x20 read: 4 device: c cmask: ff wmask: 0 w1cmask:0")
    #expect(either.place == nil)
    #expect(either.unknowns.contains { $0.contains("an endpoint or a bridge") })
    let vfio = try explanation(
      "Bad config data: i=0x20 read: 4 device: c cmask: ff wmask: 0 w1cmask:0 of device 'a/vfio'")
    #expect(vfio.place?.name == "header BAR4")
    #expect(vfio.function == .assigned)
  }

  @Test func theMaskOfABARTellsItsSize() throws {
    let found = try explanation(
      "Bad config data: i=0x10 read: a1 device: 1 cmask: ff wmask: c0 w1cmask:0")
    #expect(found.meaning.contains { $0.contains("64 bytes at the destination") })
  }
}
