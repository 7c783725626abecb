import DeviceTestSupport
import Devices
import EmulatedDevices
import Migration
import StateLayout
import StateTranslation
import TestSupport
import Testing

@Suite struct QATTests {
  private func qat(_ parameters: String = "") throws -> EmulatedDevice {
    try device("emulated:qat?\(parameters)")
  }

  private static let setupByteCount = 90

  /// Where the payload of the section at the end of `path` lies, and where its header does.
  private func section(_ bytes: [UInt8], _ path: String...) throws -> (
    header: Int, payload: Range<Int>
  ) {
    var start = path[0] == "CONFIG" ? 16 : Self.setupByteCount + 16
    var count = Int(bytes.little(UInt16.self, at: start - 6))
    var found: (Int, Range<Int>)?
    for id in path {
      let wanted = [UInt8](id.utf8) + [UInt8](repeating: 0, count: 8 - id.utf8.count)
      found = nil
      for _ in 0..<count {
        let size = Int(bytes.little(UInt32.self, at: start + 8))
        if bytes[start..<start + 8].elementsEqual(wanted) {
          found = (start, start + 16..<start + 16 + size)
          break
        }
        start += 16 + size
      }
      let place = try #require(found, "\(id)")
      count = Int(bytes.little(UInt32.self, at: place.0 + 12))
      start = place.1.lowerBound
    }
    return try #require(found)
  }

  /// What Linux 7.2 leaves behind the state stays as it is, until it is asked to go.
  @Test func whatMeansNothingIsClearedOnRequest() throws {
    let clean = try qat("seed=5").stopCopied()
    var bytes = clean
    for offset in 3000..<4096 { bytes[offset] = UInt8(truncatingIfNeeded: offset) | 1 }
    let layout = try #require(Layout.named("qat"))
    var translator = Translator(for: try qat().model.facts)
    let kept = translator.translate(bytes, from: layout, to: layout)
    #expect(kept.report.rewrites.isEmpty)
    #expect(try #require(kept.state).bytes(from: StateBytes(bytes)) == bytes)
    translator.scrubs = true
    let cleared = translator.translate(bytes, from: layout, to: layout)
    #expect(cleared.report.rewrites.map(\.field) == ["padding"])
    #expect(cleared.report.rewrites.allSatisfy { !$0.rule.isRequired })
    #expect(try #require(cleared.state).bytes(from: StateBytes(bytes)) == clean)
    // The driver reads neither.
    let target = try qat("seed=6")
    try target.load(bytes)
    #expect(try target.stopCopied() == clean)
  }

  /// The driver compares a section's name to its end, where Linux 7.2 leaves what was there.
  @Test func whatStandsBehindNamesIsNotLookedAt() throws {
    let clean = try qat("seed=5").stopCopied()
    var bytes = clean
    for path in [["CONFIG", "gencap"], ["GENER", "sla"], ["ETRBAR", "bnk0"]] {
      let place = try section(bytes, path[0], path[1]).header
      bytes[place + 7] = 0xab
    }
    let target = try qat("seed=6")
    try target.load(bytes)
    #expect(try target.stopCopied() == clean)
    let layout = try #require(Layout.named("qat"))
    #expect(layout.dissect(bytes).isSound)
    var translator = Translator(for: try qat().model.facts)
    translator.scrubs = true
    let cleared = translator.translate(bytes, from: layout, to: layout)
    #expect(try #require(cleared.state).bytes(from: StateBytes(bytes)) == clean)
    // Another name is another section's all the same.
    let place = try section(clean, "CONFIG").header
    bytes[place] = UInt8(ascii: "X")
    #expect(throws: DeviceError.self) { try qat("seed=6").load(bytes) }
  }

  // MARK: What is handed out

  @Test(arguments: 0..<5)
  func sizesAddUp(levels: Int) throws {
    let slas = (0..<levels).map { "&sla=sym:\($0 + 1):10:20" }.joined()
    guard levels <= 4 else { return }
    let bytes = try qat("seed=3\(slas)").stopCopied()
    #expect(bytes.count == 4096)
    #expect(bytes.little(UInt32.self, at: 0) == 0xadf5_caea)
    #expect(bytes.little(UInt32.self, at: 12) == 74)
    #expect(try section(bytes, "CONFIG").payload.count == 58)
    #expect(bytes.little(UInt32.self, at: 90) == 0xadf5_caea)
    #expect(bytes.little(UInt32.self, at: 102) == UInt32(2250 - 16 + 24 * levels))
    #expect(try section(bytes, "GENER").payload.count + 16 == 66 + 24 * levels)
    #expect(try section(bytes, "MISCBAR").payload.count + 16 == 136)
    #expect(try section(bytes, "ETRBAR").payload.count + 16 == 2032)
    #expect(bytes[(2340 + 24 * levels)...].allSatisfy { $0 == 0 })
  }

  @Test func preCopyShowsTheSetup() throws {
    let whole = try qat("seed=8").stopCopied()
    let source = try qat("seed=8")
    let channel = try source.opened(.preCopy)
    #expect(
      try channel.preCopyInformation()
        == PreCopyInformation(initialByteCount: 90, dirtyByteCount: 0))
    #expect(try channel.read(200) == Array(whole[..<90]))
    #expect(try channel.read(200) == [])
    _ = try source.transition(to: .stopCopy)
    #expect(try channel.drained() == Array(whole[90...]))
    #expect(try source.stopCopyByteCount() == 4096)
  }

  // MARK: What is taken

  @Test(arguments: seeds(24), ["4xxx", "gen6"])
  func whatWasLoadedIsHandedOutAgain(seed: UInt64, device: String) throws {
    let parameters = "device=\(device)&vf=3&sla=dc:0x3:5:9&seed="
    let source = try qat("\(parameters)\(seed)")
    let whole = try source.stopCopied()
    let target = try qat("\(parameters)\(seed + 50)")
    try target.load(whole, step: steps(seed, upTo: 700))
    #expect(target.model.digest == source.model.digest)
    #expect(try target.stopCopied() == whole)
  }

  @Test func alsoWithoutAGuestsDriver() throws {
    let source = try qat("ready=no")
    let target = try qat("seed=1")
    try target.load(try source.stopCopied())
    #expect(target.model.digest == source.model.digest)
  }

  private static let write = DeviceError(.writeData(at: 0), .invalid)
  private static let commit = DeviceError(.commit, .invalid)

  @Test(arguments: [
    ("capabilities=0x1f", "capabilities=0xf", true),
    ("capabilities=0xf", "capabilities=0x1f", false),
    ("services=0x7", "services=0x6", true), ("services=0x6", "services=0x7", true),
    ("extdc=3", "extdc=1", true), ("extdc=1", "extdc=3", false),
  ])
  func capabilitiesAreASubsetAndServicesTheSame(
    source: String, target: String, isRefused: Bool
  ) throws {
    let bytes = try qat(source).stopCopied()
    #expect(try qat(target).refusal(of: bytes) == (isRefused ? Self.write : nil))
    // As soon as the setup is there.
    let channel = try qat(target).opened(.resuming)
    #expect(try channel.write(Array(bytes[..<89])) == 89)
    #expect(number { _ = try channel.write([bytes[89]]) } == (isRefused ? .invalid : nil))
  }

  @Test func capabilitiesOfEightBytesAreComparedToo() throws {
    var bytes = try qat().stopCopied()
    let (header, payload) = try section(bytes, "CONFIG", "gencap")
    bytes.put(8 as UInt32, at: header + 8)
    bytes.insert(contentsOf: [0, 0, 0, 0], at: payload.upperBound)
    bytes.put(62 as UInt32, at: 24)
    bytes.put(78 as UInt32, at: 12)
    bytes.removeLast(4)
    #expect(try qat().refusal(of: bytes) == nil)
    bytes[payload.upperBound] = 1
    #expect(try qat().refusal(of: bytes) == Self.write)
  }

  @Test(arguments: [
    ("sla=sym:1:5:9", "", true), ("", "sla=sym:1:5:9", false),
    ("sla=sym:1:5:9", "sla=sym:1:5:9", false), ("sla=sym:1:5:9", "sla=asym:1:5:9", true),
    ("sla=sym:1:5:9", "sla=sym:3:5:9", true), ("sla=sym:1:5:9", "sla=sym:1:4:9", true),
    ("sla=sym:1:5:9", "sla=sym:1:5:8", true),
    ("sla=sym:1:5:9", "sla=sym:1:6:10&sla=dc:2:1:1", false),
    ("vf=1&sla=sym:1:5:9", "vf=2&sla=sym:1:5:9", true),
  ])
  func serviceLevelsAreHeldAgainstThoseOfTheTarget(
    source: String, target: String, isRefused: Bool
  ) throws {
    let bytes = try qat(source).stopCopied()
    #expect(try qat(target).refusal(of: bytes) == (isRefused ? Self.commit : nil))
  }

  private struct Change: Sendable {
    var name: String
    var isAtWrite: Bool
    var change: @Sendable (QATTests, inout [UInt8]) throws -> Void
  }

  private static func byte(_ name: String, _ offset: Int, _ value: UInt8) -> Change {
    Change(name: name, isAtWrite: offset < 90) { _, bytes in bytes[offset] = value }
  }

  private static func renamed(_ path: String...) -> Change {
    Change(name: "without \(path)", isAtWrite: path[0] == "CONFIG") { tests, bytes in
      let place =
        switch path.count {
        case 1: try tests.section(bytes, path[0])
        case 2: try tests.section(bytes, path[0], path[1])
        default: try tests.section(bytes, path[0], path[1], path[2])
        }
      bytes[place.header] ^= 0x20
    }
  }

  private static let refused: [Change] = [
    byte("setup magic", 0, 0), byte("setup version", 4, 2), byte("setup's length", 13, 0x20),
    byte("header beyond its blob", 9, 1), byte("a section more than there is", 10, 2),
    byte("section size", 24, 59), byte("state magic", 90, 0), byte("state version", 94, 2),
    byte("state's sections", 101, 1),
    renamed("CONFIG"), renamed("CONFIG", "gencap"), renamed("CONFIG", "svcmap"),
    renamed("CONFIG", "extdc"), renamed("GENER"), renamed("GENER", "iovinit"),
    renamed("GENER", "compver"), renamed("GENER", "sla"), renamed("MISCBAR"),
    renamed("MISCBAR", "vimsk"), renamed("MISCBAR", "vm2pf"), renamed("ETRBAR"),
    renamed("ETRBAR", "bnk3"), renamed("ETRBAR", "bnk0", "mregs"),
    Change(name: "subsection leaves its section", isAtWrite: false) { tests, bytes in
      let place = try tests.section(bytes, "MISCBAR", "vm2pf")
      bytes.put(5 as UInt32, at: place.header + 8)
    },
    Change(name: "ring status", isAtWrite: false) { tests, bytes in
      let place = try tests.section(bytes, "ETRBAR", "bnk1", "mregs")
      bytes[place.payload.lowerBound + 12] ^= 1
    },
    Change(name: "ring without memory", isAtWrite: false) { tests, bytes in
      let place = try tests.section(bytes, "ETRBAR", "bnk1", "mregs")
      bytes.put(0 as UInt64, at: place.payload.lowerBound + 88)
    },
  ]

  @Test(arguments: 0..<refused.count)
  func anUnsoundStateIsEINVALWhereItIsSeen(index: Int) throws {
    let test = Self.refused[index]
    var bytes = try qat("seed=2").stopCopied()
    try test.change(self, &bytes)
    #expect(
      try qat().refusal(of: bytes) == (test.isAtWrite ? Self.write : Self.commit), "\(test.name)")
  }

  private static let accepted: [Change] = [
    byte("an older version", 4, 0), byte("an older version of the state", 94, 0),
    byte("bytes that nothing owns", 4000, 9),
    Change(name: "a section that nobody knows", isAtWrite: false) { tests, bytes in
      let end = try tests.section(bytes, "ETRBAR").payload.upperBound
      bytes.replaceSubrange(end..<end + 4, with: [UInt8]("NEW!".utf8))
      bytes.put(4 as UInt16, at: 100)
    },
    Change(name: "interrupt sources", isAtWrite: false) { tests, bytes in
      bytes[try tests.section(bytes, "MISCBAR", "visrc").payload.lowerBound] = 1
    },
    Change(name: "a version of the protocol that is newer", isAtWrite: false) { tests, bytes in
      bytes[try tests.section(bytes, "GENER", "compver").payload.lowerBound] = 200
    },
    Change(name: "no version of the protocol", isAtWrite: false) { tests, bytes in
      bytes[try tests.section(bytes, "GENER", "compver").payload.lowerBound] = 0
    },
  ]

  @Test(arguments: 0..<accepted.count)
  func theDriverDoesNotMind(index: Int) throws {
    var bytes = try qat("seed=2").stopCopied()
    try Self.accepted[index].change(self, &bytes)
    #expect(try qat().refusal(of: bytes) == nil, "\(Self.accepted[index].name)")
  }

  @Test func tooMuchIsENOMEM() throws {
    let bytes = try qat().stopCopied()
    #expect(try qat().refusal(of: bytes + [0]) == DeviceError(.writeData(at: 0), .outOfMemory))
  }

  // MARK: Quirks

  @Test func theSetupIsLookedAtOnce() throws {
    let bytes = try qat("services=1&seed=4").stopCopied()
    let target = try qat("services=2")
    let channel = try target.opened(.resuming)
    #expect(number { _ = try channel.write(Array(bytes[..<90])) } == .invalid)
    // The write was refused, but its bytes are there, and nobody asks again.
    #expect(try channel.write(Array(bytes[90...])) == 4006)
    _ = try target.transition(to: .stop)
    #expect(target.model.digest == (try qat("seed=4").model.digest))
    // Nor for the next state, until a reset.
    #expect(target.refusal(of: bytes) == nil)
    try target.reset()
    #expect(target.refusal(of: bytes) == Self.write)
  }

  @Test func aShortStateIsFilledUpWithWhatWasThereBefore() throws {
    let first = try qat("seed=5")
    let target = try qat()
    try target.load(try first.stopCopied())
    #expect(target.refusal(of: Array(try qat("seed=6").stopCopied()[..<90])) == nil)
    #expect(target.model.digest == first.model.digest)
    // Where nothing was there before, there is nothing to load.
    #expect(try qat().refusal(of: Array(try qat().stopCopied()[..<90])) == Self.commit)
    #expect(try qat().refusal(of: []) == Self.commit)
  }

  @Test func whetherTheFunctionIsSetUpIsTakenEvenFromAStateThatIsRefused() throws {
    let bytes = try qat("sla=sym:1:5:9").stopCopied()
    let target = try qat("ready=no")
    let before = target.model.digest
    #expect(target.refusal(of: bytes) == Self.commit)
    #expect(target.model.digest != before)
  }

  @Test func aSavedExceptionEndsTheRestoreOfABankQuietly() throws {
    var bytes = try qat("seed=7").stopCopied()
    let registers = try section(bytes, "ETRBAR", "bnk2", "mregs").payload.lowerBound
    bytes[registers + 4 * 18] = 1
    bytes[registers + 12] ^= 3
    let target = try qat()
    #expect(target.refusal(of: bytes) == nil)
    #expect(target.model.digest != (try qat("seed=7").model.digest))
  }

  @Test(arguments: seeds(300))
  func nothingCrashesIt(seed: UInt64) throws {
    var random = SplitMix64(seed: seed)
    var bytes = try qat("seed=\(seed)").stopCopied()
    for _ in 0..<Int.random(in: 1...4, using: &random) {
      bytes[Int.random(in: 0..<2400, using: &random)] = UInt8.random(in: 0...255, using: &random)
    }
    let target = try qat()
    if let refusal = target.refusal(of: bytes, step: steps(seed, upTo: 2000)) {
      #expect(refusal.errno == .invalid)
    }
    try target.reset()
    #expect(target.refusal(of: try qat("seed=\(seed)").stopCopied()) == nil)
  }

  // MARK: As a target

  @Test func factsSayWhatTheHostAllots() throws {
    let facts = try qat("device=gen6&vf=2&capabilities=7&services=9&sla=dc:0x2:3:4").model.facts
    #expect(facts.qat?.virtualFunction == 2)
    #expect(facts.qat?.capabilities == 7)
    #expect(facts.qat?.serviceMap == 9)
    #expect(facts.qat?.serviceLevels?.first?.ringPairs == 0x200)
    #expect(facts.pci?.deviceID == 0x4949)
  }

  @Test(arguments: [
    "vf=16", "sla=sym:0:1:1", "sla=x:1:1:1", "vf=15&sla=sym:0x10:1:1", "device=c3xxx",
  ])
  func aFunctionThatCannotBeIsNoName(parameters: String) {
    #expect(throws: DeviceURI.Malformed.self) { try qat(parameters) }
  }

  @Test(arguments: seeds(4))
  func enginesTakeItFromDeviceToDevice(seed: UInt64) throws {
    let target = try qat("seed=\(seed + 9)")
    let summary = try replay(try stream(of: "emulated:qat?seed=\(seed)"), onto: [target])
    #expect(summary.devices.map(\.byteCount) == [4096])
    #expect(target.model.digest == (try qat("seed=\(seed)")).model.digest)
  }
}
