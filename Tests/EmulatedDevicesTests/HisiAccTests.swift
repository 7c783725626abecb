import DeviceTestSupport
import Devices
import EmulatedDevices
import Migration
import StateLayout
import StateTranslation
import TestSupport
import Testing

@Suite struct HisiAccTests {
  static let generations = HisiAccGeneration.allCases

  private func accelerator(_ parameters: String...) throws -> EmulatedDevice {
    try device("emulated:hisi_acc?" + parameters.joined(separator: "&"))
  }

  private func state(_ parameters: String...) throws -> [UInt8] {
    try device("emulated:hisi_acc?" + parameters.joined(separator: "&")).stopCopied()
  }

  // MARK: What is handed out

  @Test(arguments: seeds(16))
  func theLayoutIsThatOfItsGeneration(seed: UInt64) throws {
    for (generation, magic) in [
      ("first", 0xcdcd_cdcd_feed_aacc), ("v1", 0xcdcd_cdcd_feed_aacc),
      ("v2", 0xaacc_feed_deca_dede),
    ] as [(String, UInt64)] {
      let bytes = try state(
        "generation=\(generation)", "seed=\(seed)", "device=sec", "qp=7", "qp-base=9",
        "isolation=0x31")
      #expect(bytes.count == 176)
      #expect(bytes.little(UInt64.self, at: 0) == magic)
      #expect(bytes.little(UInt32.self, at: 8) == 7)
      #expect(bytes.little(UInt32.self, at: 12) == 0xa256)
      #expect(bytes.little(UInt32.self, at: 16) == 0x31)
      #expect(bytes.little(UInt32.self, at: 20) == 9)
      #expect(bytes.little(UInt32.self, at: 24) == 0)
      #expect(bytes.little(UInt32.self, at: 28) == (generation == "v2" ? 1 : 0))
      #expect(bytes[32..<40].allSatisfy { $0 == 0 })
      for (context, address) in [(64, 144), (92, 152)] {
        let low = context + (generation == "v2" ? 4 : 0)
        #expect(
          bytes.little(UInt64.self, at: address)
            == UInt64(bytes.little(UInt32.self, at: low))
            | UInt64(bytes.little(UInt32.self, at: low + 4)) << 32)
      }
    }
  }

  @Test(arguments: ["v1", "v2"])
  func preCopyShowsTheMatchDataAndStopCopyTheRest(generation: String) throws {
    let whole = try state("generation=\(generation)", "seed=5")
    let source = try accelerator("generation=\(generation)", "seed=5")
    #expect(try source.abilities() == [.stopCopy, .preCopy])
    let channel = try source.opened(.preCopy)
    #expect(
      try channel.preCopyInformation()
        == PreCopyInformation(initialByteCount: 40, dirtyByteCount: 0))
    #expect(try channel.read(30) == Array(whole[..<30]))
    #expect(try channel.preCopyInformation().initialByteCount == 10)
    #expect(try channel.read(100) == Array(whole[30..<40]))
    // 0 and not ENOMSG.
    #expect(try channel.read(100) == [])
    #expect(try source.transition(to: .stopCopy) == nil)
    #expect(try channel.read(4096) == Array(whole[40...]))
    #expect(try channel.read(4096) == [])
    #expect(try source.stopCopyByteCount() == 176)
  }

  @Test func withoutAGuestsDriverThereIsOnlyTheMatchData() throws {
    let stopped = try state("ready=no")
    #expect(stopped.count == 40)
    #expect(stopped.little(UInt32.self, at: 24) == 1)
    // Read before the driver's state was known: it says that there is one.
    let early = try accelerator("ready=no").preCopied()
    #expect(early.running.little(UInt32.self, at: 24) == 0)
    #expect(early.running.count == 40 && early.stopped.isEmpty)
  }

  @Test func theFirstGenerationHasNoPreCopyAndReadsFromTheStartAgain() throws {
    let source = try accelerator("generation=first", "seed=2")
    #expect(try source.abilities() == .stopCopy)
    #expect(number { _ = try source.transition(to: .preCopy) } == .invalid)
    let whole = try source.stopCopied()
    let channel = try source.opened(.stopCopy)
    #expect(try channel.read(100) == Array(whole[..<100]))
    #expect(try channel.read(100) == Array(whole[..<76]))
    #expect(try channel.read(100) == [])
  }

  // MARK: What is taken

  @Test(arguments: generations, seeds(16))
  func whatWasLoadedIsHandedOutAgain(generation: HisiAccGeneration, seed: UInt64) throws {
    let name = "generation=\(generation.rawValue)"
    let source = try accelerator(name, "seed=\(seed)")
    let whole = try source.stopCopied()
    let target = try accelerator(name, "seed=\(seed + 100)")
    #expect(target.model.digest != source.model.digest)
    try target.load(whole, step: generation == .first ? { .max } : steps(seed, upTo: 60))
    #expect(target.model.digest == source.model.digest)
    #expect(try target.stopCopied() == whole)
  }

  @Test func v2TakesV1() throws {
    let old = try accelerator("generation=v1", "seed=3")
    let target = try accelerator("generation=v2", "ready=no")
    #expect(target.refusal(of: try old.stopCopied()) == nil)
    #expect(target.model.digest == old.model.digest)
    #expect(try target.stopCopied() == (try state("generation=v2", "seed=3")))
  }

  private static let mismatches: [(name: String, offset: Int, bit: UInt8)] = [
    ("magic", 0, 1), ("queue pairs", 8, 2), ("device id", 12, 7), ("isolation", 16, 1),
  ]

  @Test(arguments: 0..<4, ["v1", "v2"])
  func aMismatchIsEFAULTWhenTheMatchDataAreThere(index: Int, generation: String) throws {
    let (_, offset, bit) = Self.mismatches[index]
    var bytes = try state("generation=\(generation)")
    bytes[offset] ^= bit
    let target = try accelerator("generation=\(generation)")
    #expect(target.refusal(of: bytes) == DeviceError(.writeData(at: 0), .fault))
    try target.reset()
    let channel = try target.opened(.resuming)
    #expect(try channel.write(Array(bytes[..<39])) == 39)
    #expect(number { _ = try channel.write([bytes[39]]) } == .fault)
    // The byte was taken, and whatever comes next is matched again.
    #expect(number { _ = try channel.write([bytes[40]]) } == .fault)
    #expect(number { _ = try channel.write([UInt8](repeating: 0, count: 136)) } == .outOfMemory)
  }

  @Test(arguments: 0..<4)
  func theFirstGenerationMatchesWhenItLoads(index: Int) throws {
    let (_, offset, bit) = Self.mismatches[index]
    var bytes = try state("generation=first")
    bytes[offset] ^= bit
    let target = try accelerator("generation=first")
    #expect(target.refusal(of: bytes) == DeviceError(.commit, .invalid))
  }

  @Test func theFirstGenerationTakesOnePieceOnly() throws {
    let bytes = try state("generation=first", "seed=1")
    let target = try accelerator("generation=first", "seed=2")
    let before = target.model.digest
    #expect(target.refusal(of: bytes, step: { 40 }) == DeviceError(.commit, .invalid))
    #expect(target.model.digest == before)
  }

  @Test func oldDriversRefuseV2() throws {
    let bytes = try state("generation=v2")
    #expect(
      try accelerator("generation=v1").refusal(of: bytes)
        == DeviceError(.writeData(at: 0), .fault))
    #expect(
      try accelerator("generation=first").refusal(of: bytes) == DeviceError(.commit, .invalid))
  }

  @Test func v2LooksAtTheMajorVersionAlone() throws {
    var bytes = try state("generation=v2")
    bytes.put(9 as UInt16, at: 30)
    #expect(try accelerator("generation=v2").refusal(of: bytes) == nil)
    bytes.put(2 as UInt16, at: 28)
    #expect(
      try accelerator("generation=v2").refusal(of: bytes)
        == DeviceError(.writeData(at: 0), .fault))
  }

  @Test(arguments: generations, [0, 1, 39, 40, 41, 175, 176])
  func onlyTheMatchDataOrEverythingIsTaken(generation: HisiAccGeneration, count: Int) throws {
    let bytes = try state("generation=\(generation.rawValue)", "seed=1")
    let target = try accelerator("generation=\(generation.rawValue)", "seed=2")
    let before = target.model.digest
    let refusal = target.refusal(of: Array(bytes[..<count]))
    #expect(refusal == (count == 40 || count == 176 ? nil : DeviceError(.commit, .invalid)))
    if count != 176 { #expect(target.model.digest == before) }
  }

  @Test(arguments: generations)
  func tooMuchIsENOMEM(generation: HisiAccGeneration) throws {
    let bytes = try state("generation=\(generation.rawValue)")
    let target = try accelerator("generation=\(generation.rawValue)")
    #expect(target.refusal(of: bytes + [0]) == DeviceError(.writeData(at: 0), .outOfMemory))
  }

  // MARK: Quirks

  @Test func v2CorrectsV1sAddressesOnlyWhenAllOfItComesAtOnce() throws {
    // A queue at 4 GiB whose context begins with zeros: what V1 has for its address is 0.
    var bytes = try state("generation=v1", "seed=4")
    bytes.put(0 as UInt32, at: 64)
    bytes.put(0 as UInt32, at: 68)
    bytes.put(1 as UInt32, at: 72)
    bytes.put(0 as UInt64, at: 144)
    let whole = try accelerator("generation=v2", "ready=no")
    try whole.load(bytes)
    #expect(try whole.stopCopied().count == 176)
    let cut = try accelerator("generation=v2", "ready=no")
    #expect(cut.refusal(of: bytes, step: { 40 }) == nil)
    // Taken, but nothing was loaded.
    #expect(try cut.stopCopied().count == 40)
    // The old driver does not look at the address.
    let old = try accelerator("generation=v1", "ready=no")
    #expect(old.refusal(of: bytes, step: { 40 }) == nil)
    #expect(try old.stopCopied() == bytes)
  }

  @Test(arguments: [144, 152, 160, 168])
  func aNullAddressLoadsNothingAndIsNoError(offset: Int) throws {
    var bytes = try state("generation=v2", "seed=1")
    bytes.put(0 as UInt64, at: offset)
    let target = try accelerator("generation=v2", "seed=2")
    let before = target.model.digest
    #expect(target.refusal(of: bytes) == nil)
    #expect(target.model.digest == before)
  }

  @Test(arguments: ["v1", "v2"])
  func onceMatchedADriverMatchesNoMore(generation: String) throws {
    let target = try accelerator("generation=\(generation)")
    try target.load(try state("generation=\(generation)", "seed=1"))
    let other = try state("generation=\(generation)", "qp=3", "device=hpre", "seed=7")
    #expect(target.refusal(of: other) == nil)
    #expect(target.model.digest == (try accelerator("seed=7")).model.digest)
    try target.reset()
    #expect(target.refusal(of: other) == nil)
    #expect(
      try accelerator("generation=\(generation)").refusal(of: other)?.errno == .fault)
  }

  // MARK: As a target

  @Test func factsSayWhatTheDriverTakes() throws {
    let facts = try accelerator("generation=v1", "device=hpre", "qp=16", "isolation=3").model.facts
    #expect(facts.layouts == ["hisi_acc-v1"])
    #expect(facts.hisiAcc?.queuePairCount == 16)
    #expect(facts.hisiAcc?.queueIsolation == 3)
    #expect(facts.pci?.vendorID == 0x19e5)
    #expect(facts.pci?.deviceID == 0xa259)
  }

  @Test(arguments: generations, seeds(4))
  func enginesTakeItFromDeviceToDevice(generation: HisiAccGeneration, seed: UInt64) throws {
    let uri = "emulated:hisi_acc?generation=\(generation.rawValue)&seed="
    let target = try device(uri + "\(seed + 9)")
    let summary = try replay(try stream(of: uri + "\(seed)"), onto: [target])
    #expect(summary.devices.map(\.byteCount) == [176])
    #expect(target.model.digest == (try device(uri + "\(seed)")).model.digest)
  }
}
