import ByteIO
import PCIConfig
import PCITestSupport
import QEMUStream
import TestSupport
import Testing
import VirtualPCI

/// Configuration records held against a destination.
@Suite struct RecordJudgeTests {
  private static let profile = """
    profile: relay.v1
    identity: { vendor: 0x1af4, device: 0x1234, subsystem: 0x1af4:0x0001, class: 0x010802, revision: 1 }
    bars: [ { index: 0, kind: mem64, size: 16KiB } ]
    capabilities:
      - { id: pm, at: 0x40, version: 3 }
      - { id: msix, at: 0x50, vectors: 33, table: { bar: 0, offset: 0x2000 }, pba: { bar: 0, offset: 0x3000 } }
      - { id: express, at: 0x70, version: 2, type: endpoint }
    extended:
      - { id: aer, at: 0x100 }
      - { id: ats, at: 0x150, page-aligned: true }
      - { id: pri, at: 0x160, capacity: 16 }
    """

  /// A space with every capability of the list.
  private static func space() throws -> [UInt8] { try Fixture.layout(profile).synthesized }

  private static func judge(
    _ changes: [Int: UInt8], deviceBits: [UInt8] = [],
    _ set: (inout QEMULoadConditions) -> Void = { _ in }
  ) throws -> (judgement: RecordJudgement, stream: [UInt8], local: [UInt8]) {
    let local = try space()
    var stream = local
    for (offset, value) in changes { stream[offset] = value }
    var conditions = QEMULoadConditions()
    set(&conditions)
    let judge = RecordJudge(
      local: try ConfigSpace(local), deviceBits: deviceBits, conditions: conditions)
    return (try judge.judge(ConfigSpace(stream)), stream, local)
  }

  @Test func aRecordOfTheSameDeviceStaysAsItIs() throws {
    let judgement = try Self.judge([:]).judgement
    #expect(judgement.verdict == .accepted)
    #expect(judgement.changes.isEmpty)
    #expect(judgement.check.message == nil)
  }

  @Test func theStateOfALinkAndErrorsBecomeTheDestinations() throws {
    let found = try Self.judge([0x82: 0x42, 0x7a: 0x09, 0x104: 0x10, 0x11c: 0xaa])
    #expect(found.judgement.verdict == .relaid)
    #expect(found.judgement.changes.map(\.offset) == [0x7a, 0x82, 0x104, 0x11c])
    for change in found.judgement.changes {
      #expect(change.before == found.stream[change.offset])
      #expect(change.after == found.local[change.offset])
      #expect(change.source.hasPrefix("PCIe Base 6.0, 7."), "\(change)")
    }
    #expect(found.judgement.check.message?.contains("i=0x7a") == true)
  }

  /// Every bit of every register of the list alone, and its neighbours.
  @Test(arguments: RelayableRegister.all)
  func whatTheListHasIsLaidAnewAndNothingBesideIt(register: RelayableRegister) throws {
    let local = try Self.space()
    let capability = try #require(
      try ConfigSpace(local).capabilityList.first(register.capability))
    for (index, mask) in register.mask.enumerated() {
      let offset = capability.offset + register.offset + index
      for bit in 0..<8 as Range<UInt8> {
        let value = local[offset] ^ 1 << bit
        let found = try Self.judge([offset: value]).judgement
        let others = RelayableRegister.all.filter {
          $0.capability == register.capability
            && $0.mask.indices.contains(register.offset + index - $0.offset)
        }
        let isListed = others.contains {
          $0.mask[register.offset + index - $0.offset] & 1 << bit != 0
        }
        #expect(mask & 1 << bit == 0 || isListed)
        if found.check.refused.isEmpty {
          #expect(found.verdict == .accepted)
        } else {
          #expect(found.verdict == (isListed ? .relaid : .refused), "\(offset) \(bit)")
        }
      }
    }
  }

  @Test func thePageHasTheList() throws {
    let path = Corpus.root + "/Sources/Handover/Handover.docc/Relay.md"
    let page = String(decoding: try Corpus.contents(path), as: UTF8.self).split(separator: "\n")
    let rows = page.drop { !$0.hasPrefix("| register |") }.dropFirst(2).prefix { $0.hasPrefix("|") }
    #expect(rows.count == RelayableRegister.all.count)
    for (row, register) in zip(rows, RelayableRegister.all) {
      let cells = row.split(separator: "|").map { $0.split(separator: " ").joined(separator: " ") }
      #expect(cells[0] == register.name)
      #expect(cells[1].contains("+\(hex(register.offset, digits: 2))"))
      #expect(register.source.hasSuffix(", \(cells[2])"))
      #expect(!cells[3].isEmpty)
    }
  }

  /// An id, the kind of a BAR, a capability's head, Max Payload Supported, a capability moved.
  @Test(arguments: [[0x00: 0x99], [0x10: 0x01], [0x41: 0x70], [0x74: 0x02], [0x34: 0x00]])
  func whatAGuestGoesByIsRefused(changes: [Int: UInt8]) throws {
    let found = try Self.judge(changes.merging([0x82: 0x42]) { $1 })
    #expect(found.judgement.verdict == .refused)
    #expect(found.judgement.changes.isEmpty)
    #expect(!found.judgement.reasons.isEmpty)
  }

  @Test func bitsThatTheProfileLeavesToTheDevice() throws {
    var bits = [UInt8](repeating: 0, count: 4096)
    bits[0x74] = 0x07
    #expect(try Self.judge([0x74: 0x02], deviceBits: bits).judgement.verdict == .relaid)
    #expect(try Self.judge([0x74: 0x12], deviceBits: bits).judgement.verdict == .refused)
  }

  @Test func aBAROfAnotherSizeIsRefusedThoughQEMUDoesNotSeeIt() throws {
    let judgement = try Self.judge([:]) {
      $0.barSizes = [0: 4096]
      $0.sourceBARSizes = [0: 16384]
    }.judgement
    #expect(judgement.verdict == .refused)
    #expect(judgement.reasons.contains { $0.contains("BAR 0 has 16KiB at the source") })
  }

  @Test func aSpaceOfAnotherSizeIsRefused() throws {
    let local = try ConfigSpace([UInt8](Self.space()))
    let judge = RecordJudge(local: local, conditions: QEMULoadConditions())
    let short = try ConfigSpace(Array(local.bytes.prefix(256)))
    #expect(try judge.judge(short).verdict == .refused)
  }
}
