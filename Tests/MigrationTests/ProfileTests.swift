import DeviceTestSupport
import EmulatedDevices
import Migration
import MigrationStream
import StateTranslation
import TestSupport
import Testing
import VirtualPCI

/// Profiles beside devices: what a guest was shown, and who can show it.
@Suite struct ProfileTests {
  private func layout(_ name: String) throws -> ProfileLayout {
    try ProfileLayout(Profile(parsing: Corpus.bytes("profiles/\(name).yaml")))
  }

  private func captured(_ uri: String, _ profile: String) throws -> [UInt8] {
    let box = StreamBox()
    let layout = try layout(profile)
    _ = try capture([device(uri)], into: box) { $0.sources[0].profile = layout }
    return box.bytes
  }

  private func record(_ bytes: [UInt8]) throws -> ConfigurationRecord {
    try #require(
      try DecodedStream(bytes).records.compactMap { record -> ConfigurationRecord? in
        if case .configuration(let value, _) = record { value } else { nil }
      }.first)
  }

  @Test func theStreamCarriesWhatTheGuestWasShown() throws {
    let layout = try layout("mtty")
    let record = try record(captured("emulated:mtty", "mtty"))
    let shown = try #require(ConfigSpaceState(record))
    #expect(record.physical?.count == 255)
    #expect(shown.profileName == "mtty-1port.v1" && shown.profileDigest == layout.digest)
    // The profile passes nothing through, so the guest sees the profile's own bytes.
    #expect(shown.synthesized == layout.synthesized)
  }

  @Test func whatTheVMMServedGoesBeforeTheProfile() throws {
    let layout = try layout("mtty")
    var served = try ConfigSpaceState(record(captured("emulated:mtty", "mtty")))
    served?.synthesized[0x3c] = 11
    let box = StreamBox()
    _ = try capture([device("emulated:mtty")], into: box) {
      $0.sources[0].profile = layout
      $0.sources[0].guestSpace = served
      $0.sources[0].interrupts = InterruptState(assertedPins: 1)
    }
    #expect(try record(box.bytes).synthesized?[0x3c] == 11)
    let hasInterrupts = try DecodedStream(box.bytes).records.contains { record in
      if case .interrupts(let state, 0) = record { state.assertedPins == 1 } else { false }
    }
    #expect(hasInterrupts)
  }

  @Test func aDeviceThatCannotCarryItIsNotCaptured() throws {
    let layout = try layout("mtty")
    let source = try device("emulated:synthetic?size=64KiB")
    let error = #expect(throws: CaptureError<SinkFull>.self) {
      _ = try capture([source]) { $0.sources[0].profile = layout }
    }
    guard case .refused(.profile(_, let report))? = error?.cause else {
      Issue.record("refused for another reason: \(String(describing: error))")
      return
    }
    #expect(report.profile == "mtty-1port.v1")
    #expect(report.reasons.contains { $0.capability == "bars" })
    #expect(source.arcs.isEmpty)
  }

  @Test func aTargetIsHeldAgainstTheProfileAndNotAgainstTheSourcesBytes() throws {
    let layout = try layout("mtty")
    let bytes = try captured("emulated:mtty?text=hi", "mtty")
    let target = try device("emulated:mtty")
    let summary = try replay(bytes, onto: [target]) { $0.targets[0].profile = layout }
    #expect(summary.report.findings.isEmpty)
    #expect(target.serial?.image == (try device("emulated:mtty?text=hi")).serial?.image)

    let other = try device("emulated:synthetic?size=64KiB")
    let error = #expect(throws: ReplayError<StreamError>.self) {
      _ = try replay(bytes, onto: [other]) { $0.targets[0].profile = layout }
    }
    guard case .incompatible(let report) = error?.cause else {
      Issue.record("failed for another reason: \(String(describing: error))")
      return
    }
    #expect(
      report.findings.contains {
        $0.severity == .incompatible && $0.subject.hasPrefix("profile mtty-1port.v1: bars")
      })
  }

  @Test func aStreamsProfileIsNotedWhereNobodyGivesIt() throws {
    let bytes = try captured("emulated:mtty", "mtty")
    let summary = try replay(bytes, onto: [device("emulated:mtty")])
    #expect(summary.report.findings.map(\.subject) == ["profile"])
  }

  // MARK: Registers that a guest reaches through a synthesised space

  /// A space with PCI Express at `offset`, whose Device Control 2 reads `control`.
  private func space(expressAt offset: Int, control: UInt16) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: 256)
    bytes[0x06] = 0x10
    bytes[0x34] = UInt8(offset)
    bytes[offset] = 0x10
    bytes[offset + 2] = 0x02
    bytes[offset + 0x28] = UInt8(truncatingIfNeeded: control)
    bytes[offset + 0x29] = UInt8(truncatingIfNeeded: control >> 8)
    return bytes
  }

  @Test(arguments: [0x40, 0x60, 0x80])
  func onlyBitsThatTheGuestReachesAreRestored(shownAt: Int) throws {
    var emulated = [UInt8](repeating: 0xff, count: 256)
    emulated[shownAt + 0x28] = 0xf0
    let record = ConfigurationRecord(
      physical: space(expressAt: 0x40, control: 0x00ff),
      synthesized: space(expressAt: shownAt, control: 0x00ff), emulatedBits: emulated)
    let found = GuestRegister.differences(
      from: record, to: space(expressAt: 0x60, control: 0x0000))
    #expect(found.count == 1)
    #expect(found.first?.offset == 0x60 + 0x28)
    #expect(found.first?.mask == 0x0f && found.first?.value == 0x0f)
  }

  @Test func aCapabilityThatTheGuestWasNotShownIsLeftAlone() throws {
    let record = ConfigurationRecord(
      physical: space(expressAt: 0x40, control: 0x00ff),
      synthesized: [UInt8](repeating: 0, count: 256),
      emulatedBits: [UInt8](repeating: 0, count: 256))
    #expect(
      GuestRegister.differences(from: record, to: space(expressAt: 0x40, control: 0)).isEmpty)
  }
}
