import DeviceTestSupport
import Devices
import EmulatedDevices
import Migration
import StateLayout
import StateTranslation
import TestSupport
import Testing

@Suite struct VirtioNetTests {
  private func net(_ parameters: String = "") throws -> EmulatedDevice {
    try device("emulated:virtio-net?\(parameters)")
  }

  // MARK: Parts as a test takes them apart and puts them together

  private struct Part: Equatable {
    var kind: UInt16
    var flags: UInt8 = 0
    var reserved: UInt8 = 0
    var selector: UInt64 = 0
    var value: [UInt8]

    var bytes: [UInt8] {
      var bytes = [UInt8](repeating: 0, count: 16)
      bytes.put(kind, at: 0)
      bytes[2] = flags
      bytes[3] = reserved
      bytes.put(selector, at: 4)
      bytes.put(UInt32(value.count), at: 12)
      return bytes + value
    }
  }

  private func records(_ bytes: [UInt8]) -> [(flags: UInt32, tag: UInt32, body: [UInt8])] {
    var records: [(UInt32, UInt32, [UInt8])] = []
    var position = 0
    while position + 16 <= bytes.count {
      let count = Int(bytes.little(UInt64.self, at: position))
      let body = position + 16..<position + 16 + count
      records.append(
        (
          bytes.little(UInt32.self, at: position + 8), bytes.little(UInt32.self, at: position + 12),
          Array(bytes[body])
        ))
      position = body.upperBound
    }
    return records
  }

  private func parts(_ record: [UInt8]) -> [Part] {
    var parts: [Part] = []
    var position = 0
    while position + 16 <= record.count {
      let count = Int(record.little(UInt32.self, at: position + 12))
      parts.append(
        Part(
          kind: record.little(UInt16.self, at: position), flags: record[position + 2],
          reserved: record[position + 3], selector: record.little(UInt64.self, at: position + 4),
          value: Array(record[position + 16..<position + 16 + count])))
      position += 16 + count
    }
    return parts
  }

  private func record(_ parts: [Part], tag: UInt32 = 0, flags: UInt32 = 0) -> [UInt8] {
    record(parts.flatMap(\.bytes), tag: tag, flags: flags)
  }

  private func record(_ body: [UInt8], tag: UInt32 = 0, flags: UInt32 = 0) -> [UInt8] {
    var header = [UInt8](repeating: 0, count: 16)
    header.put(UInt64(body.count), at: 0)
    header.put(flags, at: 8)
    header.put(tag, at: 12)
    return header + body
  }

  private func stateParts(_ parameters: String) throws -> [Part] {
    parts(records(try net(parameters).stopCopied())[0].body)
  }

  // MARK: What is handed out

  @Test(arguments: seeds(16))
  func partsStandInTheMandatoryOrder(seed: UInt64) throws {
    let source = try net("seed=\(seed)&pairs=3&queue-size=128&notify-base=5&notify-stride=2")
    let all = records(try source.stopCopied())
    #expect(all.count == 1 && all[0].flags == 0 && all[0].tag == 0)
    let parts = parts(all[0].body)
    #expect(try source.stopCopyByteCount() == UInt64(all[0].body.count))
    #expect(
      parts.map(\.kind).prefix(9)
        == [0x100, 0x101, 0x102, 0x102, 0x102, 0x102, 0x102, 0x102, 0x103])
    let common = parts.map(\.kind).filter { $0 < 0x200 }
    #expect(common == common.sorted())
    #expect(parts[0].flags == 1)
    let queues = parts.filter { $0.kind == 0x104 }
    #expect(queues.map(\.selector) == Array(0..<7))
    #expect(
      queues.allSatisfy { $0.value.count == 32 && $0.value.little(UInt16.self, at: 0) == 128 })
    let doorbells = parts.filter { $0.kind == 0x105 }
    #expect(doorbells.map { $0.value.little(UInt16.self, at: 0) } == [5, 7, 9, 11, 13, 15, 17])
    let negotiated = parts[1].value.little(UInt64.self, at: 0)
    #expect(negotiated & ~parts[0].value.little(UInt64.self, at: 0) == 0)
    #expect(negotiated & 1 << 32 != 0)
  }

  @Test func preCopyHandsOutRecordsThatAreWhole() throws {
    let source = try net("seed=3&refresh=2")
    let size = Int(try source.stopCopyByteCount())
    let channel = try source.opened(.preCopy)
    #expect(
      try channel.preCopyInformation()
        == PreCopyInformation(initialByteCount: UInt64(size + 16), dirtyByteCount: 0))
    var running = try channel.read(size + 16)
    // Nothing now is ENOMSG, as in mlx5.
    #expect(number { _ = try channel.read(1) } == .noMessage)
    for _ in 0..<2 {
      #expect(
        try channel.preCopyInformation()
          == PreCopyInformation(initialByteCount: 0, dirtyByteCount: UInt64(size)))
      running += try channel.drained()
    }
    #expect(
      try channel.preCopyInformation()
        == PreCopyInformation(initialByteCount: 0, dirtyByteCount: 0))
    #expect(number { _ = try channel.read(1) } == .noMessage)
    _ = try source.transition(to: .stopCopy)
    let all = records(running + (try channel.drained()))
    #expect(all.count == 4)
    #expect(all.allSatisfy { $0.body == all[3].body })
    #expect(try channel.read(1) == [])
  }

  @Test func theFirstDriverHasNoPreCopy() throws {
    #expect(try net("precopy=no").abilities() == [.stopCopy, .peerToPeer])
  }

  // MARK: What is taken

  @Test(arguments: seeds(32))
  func whatWasLoadedIsHandedOutAgain(seed: UInt64) throws {
    let parameters = "pairs=\(1 + seed % 8)&feature-words=\(1 + seed % 2)"
    let source = try net("\(parameters)&seed=\(seed)")
    let whole = try source.stopCopied()
    let target = try net("\(parameters)&seed=\(seed + 1000)")
    try target.load(whole, step: steps(seed, upTo: 100))
    #expect(target.model.digest == source.model.digest)
    #expect(try target.stopCopied() == whole)
  }

  @Test func theLastRecordWins() throws {
    let first = try net("seed=1").stopCopied()
    let last = try net("seed=2")
    let target = try net("ready=no")
    try target.load(first + (try last.stopCopied()))
    #expect(target.model.digest == last.model.digest)
  }

  /// What a change of a state does to a target.
  private func refusal(
    _ parameters: String = "", seed: UInt64 = 1, _ change: (inout [Part]) -> Void
  ) throws -> DeviceError? {
    let base = "pairs=2&queue-size=64&vectors=8&negotiated=0x1008e0020"
    var parts = try stateParts("\(base)&seed=\(seed)")
    change(&parts)
    let target = try net("\(base)&ready=no\(parameters)")
    let before = target.model.digest
    let refusal = target.refusal(of: record(parts))
    if refusal != nil { #expect(target.model.digest == before) }
    return refusal
  }

  private static let invalid = DeviceError(.writeData(at: 0), .invalid)

  private struct Case: Sendable {
    var name: String
    var change: @Sendable (inout [Part]) -> Void

    init(_ name: String, _ change: @escaping @Sendable (inout [Part]) -> Void) {
      self.name = name
      self.change = change
    }
  }

  private static func index(_ kind: UInt16, _ parts: [Part], _ selector: UInt64? = nil) -> Int {
    parts.firstIndex { $0.kind == kind && (selector == nil || $0.selector == selector) } ?? 0
  }

  private static func value(
    _ kind: UInt16, _ selector: UInt64? = nil, _ change: @escaping @Sendable (inout [UInt8]) -> Void
  ) -> @Sendable (inout [Part]) -> Void {
    { parts in change(&parts[index(kind, parts, selector)].value) }
  }

  private static let refused: [Case] = [
    Case("device features of another", value(0x100) { $0[0] ^= 0x80 }),
    Case("negotiated what is not there", value(0x101) { $0[7] |= 0x80 }),
    Case("feature array of two words", value(0x101) { $0 += [UInt8](repeating: 0, count: 8) }),
    Case("feature array of four bytes", value(0x101) { $0.removeLast(4) }),
    Case("number of queues", value(0x102, 18) { $0[0] += 2 }),
    Case("configuration vector", value(0x102, 16) { $0[0] = 8 }),
    Case("length of a field", value(0x102, 22) { $0.append(0) }),
    Case("a field that is none") { parts in parts[index(0x102, parts)].selector = 4 },
    Case("reserved bytes of a field") { parts in parts[index(0x102, parts)].selector = 1 << 32 },
    Case("length of the status", value(0x103) { $0.append(0) }),
    Case("queue that is not there") { parts in parts[index(0x104, parts, 4)].selector = 5 },
    Case("queue size beyond the device's", value(0x104, 1) { $0.put(128 as UInt16, at: 0) }),
    Case("queue size no power of two", value(0x104, 1) { $0.put(48 as UInt16, at: 0) }),
    Case("queue without entries", value(0x104, 1) { $0.put(0 as UInt16, at: 0) }),
    Case("vector of a queue", value(0x104, 2) { $0.put(8 as UInt16, at: 2) }),
    Case("enabled is 2", value(0x104, 0) { $0.put(2 as UInt16, at: 4) }),
    Case("reserved bytes of a queue", value(0x104, 0) { $0[6] = 1 }),
    Case("length of a queue", value(0x104, 0) { $0.removeLast() }),
    Case("doorbell", value(0x105, 3) { $0[0] ^= 1 }),
    Case("doorbell data", value(0x105, 3) { $0[2] ^= 1 }),
    Case("reserved bytes of a doorbell", value(0x105, 3) { $0[7] = 1 }),
    Case("unknown part that is mandatory") { $0.append(Part(kind: 0x106, value: [1])) },
    Case("vendor's part that is mandatory") { $0.append(Part(kind: 0x600, value: [])) },
    Case("reserved byte of a part") { $0[1].reserved = 1 },
    Case("reserved flag of a part") { $0[1].flags = 2 },
    Case("two statuses") { parts in
      parts.insert(parts[index(0x103, parts)], at: index(0x103, parts))
    },
    Case("two of one queue") { parts in
      parts.insert(parts[index(0x104, parts, 1)], at: index(0x104, parts, 1))
    },
    Case("without the optional device features") { $0.removeFirst() },
    Case("without negotiated features") { $0.remove(at: 1) },
    Case("features in the other order") { $0.swapAt(0, 1) },
    Case("doorbells before queues") { parts in
      parts.swapAt(index(0x104, parts, 4), index(0x105, parts, 0))
    },
    Case("control queue's unknown command") {
      $0.append(Part(kind: 0x200, selector: 0x0101 << 1, value: [1]))
    },
    Case("control queue without its feature") {
      $0.append(Part(kind: 0x200, selector: 4, value: [1, 0]))
    },
    Case("promiscuous is 2", value(0x200, 0) { $0[0] = 2 }),
    Case("address of five bytes", value(0x200, 0x0101) { $0.removeLast() }),
    Case("table of addresses that is cut", value(0x200, 1) { $0.removeLast() }),
  ]

  @Test(arguments: 0..<refused.count)
  func theDeviceRefusesAndChangesNothing(index: Int) throws {
    let test = Self.refused[index]
    #expect(try refusal("", seed: 1, test.change) == Self.invalid, "\(test.name)")
  }

  @Test func moreAddressesThanFitAreENOSPC() throws {
    let refusal = try refusal("&max-addresses=1") { parts in
      let index = Self.index(0x200, parts, 1)
      parts[index].value = [0, 0, 0, 0, 2, 0, 0, 0] + [UInt8](repeating: 3, count: 12)
    }
    #expect(refusal == DeviceError(.writeData(at: 0), .noSpace))
  }

  private static let accepted: [Case] = [
    Case("unchanged") { _ in },
    Case("an unknown optional part anywhere") {
      $0.insert(Part(kind: 0x777, flags: 1, value: [1, 2, 3]), at: 5)
    },
    Case("fields in another order") { parts in
      parts.swapAt(index(0x102, parts, 0), index(0x102, parts, 22))
    },
    Case("the control queue's parts first") { parts in
      let controls = parts.filter { $0.kind == 0x200 }
      parts.removeAll { $0.kind == 0x200 }
      parts.insert(contentsOf: controls, at: index(0x102, parts))
    },
    Case("a smaller queue", value(0x104, 1) { $0.put(32 as UInt16, at: 0) }),
    Case("no vector", value(0x104, 1) { $0.put(0xffff as UInt16, at: 2) }),
  ]

  @Test(arguments: 0..<accepted.count)
  func theDeviceTakes(index: Int) throws {
    let test = Self.accepted[index]
    #expect(try refusal("", seed: 1, test.change) == nil, "\(test.name)")
  }

  @Test func packedRingsNeedNoPowerOfTwo() throws {
    let base = "features=0x500000000&vectors=4&pairs=1"
    var parts = try stateParts("\(base)&negotiated=0x500000000")
    parts[Self.index(0x104, parts, 1)].value.put(48 as UInt16, at: 0)
    #expect(try net("\(base)&ready=no").refusal(of: record(parts)) == nil)
  }

  // MARK: The driver's own checks

  @Test func recordsOfOtherTags() throws {
    let state = try net("seed=1").stopCopied()
    let target = try net()
    #expect(target.refusal(of: record([9, 9], tag: 7, flags: 1) + state) == nil)
    #expect(target.model.digest == (try net("seed=1")).model.digest)
    #expect(
      target.refusal(of: record([9, 9], tag: 7) + state)
        == DeviceError(.writeData(at: 0), .notSupported))
  }

  @Test func aRecordTooLargeIsENOMEMAndTheChannelIsDeadThen() throws {
    for size in [0x1_0000_0000, 0xffff_fff8] as [UInt64] {
      var header = [UInt8](repeating: 0, count: 16)
      header.put(size, at: 0)
      let target = try net()
      let channel = try target.opened(.resuming)
      #expect(number { _ = try channel.write(header) } == .outOfMemory)
      #expect(number { _ = try channel.write([0]) } == .noDevice)
    }
  }

  @Test func aRefusalComesWithTheLastByteOfItsRecord() throws {
    var bytes = try net("seed=1").stopCopied()
    bytes[16 + 16] ^= 0xff
    let channel = try net().opened(.resuming)
    #expect(try channel.write(Array(bytes.dropLast())) == bytes.count - 1)
    #expect(number { _ = try channel.write([bytes[bytes.count - 1]]) } == .invalid)
    #expect(number { _ = try channel.write([0]) } == .noDevice)
  }

  @Test(arguments: [0, 1, 15, 16, 17, 200])
  func aTruncatedStreamIsTakenAndLoadsNothing(count: Int) throws {
    let bytes = try net("seed=1").stopCopied()
    let target = try net("seed=2")
    let before = target.model.digest
    #expect(target.refusal(of: Array(bytes[..<count])) == nil)
    #expect(target.refusal(of: Array(bytes.dropLast())) == nil)
    #expect(target.model.digest == before)
    #expect(target.refusal(of: bytes + bytes[..<count]) == nil)
    #expect(target.model.digest == (try net("seed=1")).model.digest)
  }

  @Test(arguments: seeds(200))
  func nothingCrashesIt(seed: UInt64) throws {
    var random = SplitMix64(seed: seed)
    var bytes = try net("seed=\(seed)&pairs=2").stopCopied()
    for _ in 0..<Int.random(in: 1...4, using: &random) {
      bytes[Int.random(in: 0..<bytes.count, using: &random)] ^= UInt8.random(
        in: 1...255, using: &random)
    }
    let target = try net("pairs=2")
    let refusal = target.refusal(of: bytes, step: steps(seed, upTo: 300))
    if let refusal {
      #expect([.invalid, .notSupported, .outOfMemory, .noSpace].contains(refusal.errno))
    }
    try target.reset()
    #expect(target.refusal(of: try net("seed=\(seed)&pairs=2").stopCopied()) == nil)
  }

  // MARK: As a target

  @Test func factsSayWhatTheDeviceHas() throws {
    let facts = try net(
      "pairs=8&max-pairs=16&queue-size=512&notify-base=4&feature-words=2&vectors=20"
    ).model.facts
    #expect(facts.virtio?.queueCount == 17)
    #expect(facts.virtio?.queueSizes == [512])
    #expect(facts.virtio?.notifyOffsets == Array(4...20))
    #expect(facts.msixVectorCount == 20)
    #expect(facts.virtio?.deviceFeatures?.count == 2)
  }

  @Test(arguments: [
    "pairs=0", "queue-size=0", "features=1", "negotiated=0x102000000", "pairs=4&max-pairs=3",
    "bar=1", "features=0x1000000z0", "vectors=0", "feature-words=0",
  ])
  func aFunctionThatCannotBeIsNoName(parameters: String) {
    #expect(throws: DeviceURI.Malformed.self) { try net(parameters) }
  }

  @Test(arguments: ["bar=0", "bar=2&vectors=2048", "pairs=2048", "bar=4&vectors=1"])
  func itsConfigurationSpaceIsOne(parameters: String) throws {
    #expect(try net(parameters).configurationSpace().count == 4096)
  }

  @Test(arguments: seeds(4))
  func enginesTakeItFromDeviceToDevice(seed: UInt64) throws {
    let target = try net("seed=\(seed + 9)")
    let summary = try replay(try stream(of: "emulated:virtio-net?seed=\(seed)"), onto: [target])
    #expect(summary.devices.count == 1)
    #expect(target.model.digest == (try net("seed=\(seed)")).model.digest)
  }
}
