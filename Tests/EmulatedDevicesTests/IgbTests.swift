import DeviceTestSupport
import Devices
import EmulatedDevices
import Migration
import StateLayout
import StateTranslation
import TestSupport
import Testing

@Suite struct IgbTests {
  private func igb(_ parameters: String...) throws -> EmulatedDevice {
    try device("emulated:igb?" + parameters.joined(separator: "&"))
  }

  private static let sizes = [528, 1024]

  // MARK: What is handed out

  @Test(arguments: sizes, seeds(8))
  func theStateIsThatOfItsFunction(size: Int, seed: UInt64) throws {
    let number = UInt32(seed)
    let bytes = try igb("size=\(size)", "vf=\(number)", "seed=\(seed)").stopCopied()
    #expect(bytes.count == size)
    #expect(Array(bytes[..<8]) == [0x42, 0x47, 0x49, 0x4d, 1, 0, 0, 0])
    #expect(bytes.little(UInt32.self, at: 8) == number)
    let count = bytes.little(UInt32.self, at: 12)
    #expect(count == (size == 528 ? 59 : 62))
    let offsets = (0..<Int(count)).map { bytes.little(UInt32.self, at: 16 + 8 * $0) }
    // PVTCTRL first; the descriptor rings of queues n and n + 8.
    #expect(offsets.first == (0x10000 + 0x100 * number) / 4)
    #expect(offsets.contains((0xc000 + 0x40 * number) / 4))
    #expect(offsets.contains((0xe000 + 0x40 * (number + 8)) / 4))
    // EITR of the function's three vectors, from 24 down.
    for vector in 22...24 as ClosedRange<UInt32> {
      #expect(offsets.contains((0x1680 + 4 * (vector - 3 * number)) / 4))
    }
    #expect(Set(offsets).count == offsets.count)
    #expect(bytes[(16 + 8 * Int(count))..<528].allSatisfy { $0 == 0 })
    guard size == 1024 else { return }
    // One address, in the place that the host's driver gives: the last but the number.
    #expect(bytes.little(UInt32.self, at: 528) == 2)
    let place = 23 - number < 16 ? 0x1500 + 2 * (23 - number) : 0x1538 + 2 * (7 - number)
    #expect(bytes.little(UInt32.self, at: 532) == place)
    #expect(bytes.little(UInt32.self, at: 540) == place + 1)
    #expect(bytes.little(UInt32.self, at: 544) >> 16 == 0x8000 | 4 << number)
    #expect(bytes.little(UInt32.self, at: 916) == 2)
    #expect(bytes.little(UInt32.self, at: 1016) == 1)
    #expect(bytes.little(UInt32.self, at: 1020) == 1)
  }

  @Test func preCopyIsEmpty() throws {
    let source = try igb("seed=5")
    #expect(try source.abilities() == [.stopCopy, .preCopy])
    #expect(try source.stopCopyByteCount() == 1024)
    let channel = try source.opened(.preCopy)
    #expect(
      try channel.preCopyInformation()
        == PreCopyInformation(initialByteCount: 0, dirtyByteCount: 0))
    // 0 and not ENOMSG.
    #expect(try channel.read(100) == [])
    #expect(try source.transition(to: .stopCopy) == nil)
    #expect(try channel.read(4096) == (try igb("seed=5").stopCopied()))
    #expect(try channel.read(4096) == [])
  }

  @Test func registersAloneHaveNoPreCopy() throws {
    let source = try igb("size=528")
    #expect(try source.abilities() == .stopCopy)
    #expect(try source.stopCopyByteCount() == 528)
    #expect(number { _ = try source.transition(to: .preCopy) } == .invalid)
  }

  // MARK: What is taken

  @Test(arguments: sizes, seeds(8))
  func whatWasLoadedIsHandedOutAgain(size: Int, seed: UInt64) throws {
    let shape = "size=\(size)&vf=\(seed)&addresses=\(1 + 2 * seed)"
    let source = try igb(shape, "seed=\(seed)")
    let bytes = try source.stopCopied()
    for target in [try igb(shape, "seed=99"), try igb(shape, "seed=99", "ready=no")] {
      #expect(target.model.digest != source.model.digest)
      try target.load(bytes, step: steps(seed, upTo: 300))
      #expect(target.model.digest == source.model.digest)
      #expect(try target.stopCopied() == bytes)
    }
  }

  @Test(arguments: 0..<8, 0..<8)
  func aWholeStructureIsMovedToTheNumberOfItsTarget(from: Int, to: Int) throws {
    let bytes = try igb("vf=\(from)", "seed=1").stopCopied()
    let target = try igb("vf=\(to)", "seed=2")
    #expect(target.refusal(of: bytes) == nil)
    let result = try target.stopCopied()
    #expect(result.little(UInt32.self, at: 8) == UInt32(to))
    for index in 0..<62 {
      #expect(
        result.little(UInt32.self, at: 20 + 8 * index)
          == bytes.little(UInt32.self, at: 20 + 8 * index))
    }
    #expect(Array(result[916...]) == Array(bytes[916...]))
    // The address comes to the place that it had, and the target's own stays beside it.
    #expect(result.little(UInt32.self, at: 528) == (from == to ? 2 : 4))
    let tree = try #require(Layout.named("igb")).dissect(result)
    #expect(tree.isSound && tree.isComplete)
    let pairs = (tree["ra"]?.items ?? []).map { ($0["offset"]?.integer, $0["value"]?.integer) }
    let low = bytes.little(UInt32.self, at: 532)
    let high = bytes.little(UInt32.self, at: 544)
    #expect(
      pairs.contains { $0 == (Int128(low), Int128(bytes.little(UInt32.self, at: 536))) })
    let moved = high & 0xffff | 0x8000_0000 | 0x4_0000 << UInt32(to)
    #expect(pairs.contains { $0 == (Int128(low) + 1, Int128(moved)) })
  }

  @Test func registersAloneAreOfTheirOwnNumber() throws {
    let bytes = try igb("size=528", "vf=2").stopCopied()
    let target = try igb("size=528", "vf=3", "seed=1")
    let before = target.model.digest
    #expect(target.refusal(of: bytes) == DeviceError(.commit, .inputOutput))
    #expect(target.model.digest == before)
  }

  @Test(arguments: [(from: 528, to: 1024), (from: 1024, to: 528)])
  func theOtherStructureIsRefused(from: Int, to: Int) throws {
    let bytes = try igb("size=\(from)").stopCopied()
    let refusal = try igb("size=\(to)").refusal(of: bytes)
    #expect(
      refusal
        == (from < to
          ? DeviceError(.commit, .inputOutput) : DeviceError(.writeData(at: 0), .tooLarge)))
  }

  @Test(arguments: sizes)
  func moreThanTheStructureIsEFBIG(size: Int) throws {
    let bytes = try igb("size=\(size)").stopCopied()
    let channel = try igb("size=\(size)").opened(.resuming)
    #expect(number { _ = try channel.write(bytes + [0]) } == .tooLarge)
    #expect(try channel.write(bytes) == size)
    #expect(number { _ = try channel.write([0]) } == .tooLarge)
  }

  @Test(arguments: sizes, seeds(8))
  func lessThanTheStructureIsEIO(size: Int, seed: UInt64) throws {
    var random = SplitMix64(seed: seed)
    let count = Int.random(in: 1..<size, using: &random)
    let bytes = try igb("size=\(size)", "seed=1").stopCopied()
    let target = try igb("size=\(size)", "seed=2")
    let before = target.model.digest
    #expect(
      target.refusal(of: Array(bytes[..<count])) == DeviceError(.commit, .inputOutput),
      "\(count) bytes")
    #expect(target.model.digest == before)
  }

  private static let faults: [(name: String, offset: Int, value: UInt32, size: Int?)] = [
    ("magic", 0, 0x4d49_4743, nil), ("version", 4, 2, nil), ("register count", 12, 65, nil),
    ("a register of nobody", 16, 0, nil), ("a register of nobody", 24, 0x1500, nil),
    ("fewer registers than the device has", 12, 58, 528),
    ("registers in another order", 16, 0x10020 / 4, 528),
    ("address count", 528, 49, 1024), ("an address elsewhere", 532, 0x1520, 1024),
    ("contexts", 916, 1, 1024),
  ]

  @Test(arguments: faults.indices)
  func whatTheDeviceRefusesIsEIO(index: Int) throws {
    let (name, offset, value, only) = Self.faults[index]
    for size in only.map({ [$0] }) ?? Self.sizes {
      var bytes = try igb("size=\(size)").stopCopied()
      bytes.put(value, at: offset)
      let target = try igb("size=\(size)", "seed=2")
      #expect(target.refusal(of: bytes) == DeviceError(.commit, .inputOutput), "\(name), \(size)")
    }
  }

  // MARK: Quirks

  @Test(arguments: sizes)
  func nothingIsLoadedWithoutAnError(size: Int) throws {
    let target = try igb("size=\(size)")
    let before = target.model.digest
    #expect(target.refusal(of: []) == nil)
    #expect(target.model.digest == before)
  }

  @Test func whatComesBeforeTheFaultStaysLoaded() throws {
    var bytes = try igb("seed=1").stopCopied()
    bytes.put(3 as UInt32, at: 916)
    let target = try igb("seed=2")
    let before = target.model.digest
    #expect(target.refusal(of: bytes)?.errno == .inputOutput)
    #expect(target.model.digest != before)
    // Registers alone are looked at before any is loaded.
    var registers = try igb("size=528", "seed=1").stopCopied()
    registers.put(0 as UInt32, at: 16 + 8 * 58)
    let other = try igb("size=528", "seed=2")
    let held = other.model.digest
    #expect(other.refusal(of: registers)?.errno == .inputOutput)
    #expect(other.model.digest == held)
  }

  @Test(arguments: sizes)
  func whatWasTooShortCanBeWrittenToItsEnd(size: Int) throws {
    let bytes = try igb("size=\(size)", "seed=1").stopCopied()
    let target = try igb("size=\(size)", "seed=2")
    let channel = try target.opened(.resuming)
    _ = try channel.write(Array(bytes[..<100]))
    #expect(number { _ = try target.transition(to: .stop) } == .inputOutput)
    _ = try channel.write(Array(bytes[100...]))
    // A device of registers alone is in an error of its own by then.
    #expect(
      number { _ = try target.transition(to: .stop) } == (size == 528 ? .inputOutput : nil))
    try target.reset()
    try target.load(bytes)
    #expect(try target.stopCopied() == bytes)
  }

  @Test func aNumberThatNoFunctionHasIsCalculatedWith() throws {
    // As if there were a function 9: the device moves what it holds.
    var bytes = try igb("seed=1").stopCopied()
    bytes.put(9 as UInt32, at: 8)
    let target = try igb("seed=2")
    #expect(target.refusal(of: bytes) == DeviceError(.commit, .inputOutput))
    bytes.put(0x1_0000 as UInt32, at: 8)
    try target.reset()
    #expect(target.refusal(of: bytes) == nil)
  }

  // MARK: As a target

  @Test func factsSayWhatTheDeviceTakes() throws {
    let facts = try igb("size=528", "vf=4").model.facts
    #expect(facts.driver == "igb-vfio-pci")
    #expect(facts.layouts == ["igb"])
    #expect(facts.igb?.stateByteCount == 528)
    #expect(facts.igb?.virtualFunction == 4)
    #expect(facts.pci?.vendorID == 0x8086)
    #expect(facts.pci?.deviceID == 0x10ca)
    #expect(facts.msixVectorCount == 3)
  }

  @Test(arguments: sizes, seeds(4))
  func enginesTakeItFromDeviceToDevice(size: Int, seed: UInt64) throws {
    let uri = "emulated:igb?size=\(size)&seed="
    let target = try device(uri + "\(seed + 9)")
    let summary = try replay(try stream(of: uri + "\(seed)"), onto: [target])
    #expect(summary.devices.map(\.byteCount) == [UInt64(size)])
    #expect(target.model.digest == (try device(uri + "\(seed)")).model.digest)
  }

  @Test(arguments: ["size=600", "vf=8", "addresses=0", "addresses=17", "queues=2"])
  func aFunctionThatCannotBeIsNoName(parameters: String) {
    #expect(throws: DeviceURI.Malformed.self) { try igb(parameters) }
  }
}
