import DeviceTestSupport
import EmulatedDevices
import MigrationStream
import PCIConfig
import StateLayout
import StateTestSupport
import StateTranslation
import TestSupport
import Testing
import VirtualPCI

/// What stands beside a translated state: whose it is, and what the guest was shown.
@Suite struct RecordTranslationTests {
  private static let vendorA = "emulated:virtio-net?pairs=8&queue-size=512&vectors=20"
  private static let vendorB =
    "emulated:virtio-net?pairs=8&max-pairs=32&queue-size=1024&vectors=40&feature-words=2"
    + "&features=0x10530cf99a7&bar=2"

  private func function(_ device: EmulatedDevice) throws -> HostFunction {
    let identity = try device.identity()
    let bars = identity.regions.filter { $0.index < 6 && $0.byteCount > 0 }
    return HostFunction(
      try ConfigSpace(try device.configurationSpace()), label: device.name,
      identity: identity.pci.map { ($0.vendorID, $0.deviceID) },
      barSizes: Dictionary(
        uniqueKeysWithValues: bars.map { (Int($0.index), $0.byteCount) }))
  }

  /// A profile that devices of the names can all carry.
  private func profile(_ names: String...) throws -> ProfileLayout {
    try ProfileDerivation(
      from: try names.map { try function(device($0)) }, options: DerivationOptions()
    ).layout
  }

  /// The report of a state of the first device that goes to the second.
  private func report(_ source: String, _ target: EmulatedDevice) throws -> TranslationReport {
    let state = try device(source).stopCopied()
    let virtio = try #require(Layout.named("virtio"))
    return Translator(for: target.model.facts).translate(state, from: virtio, to: virtio).report
  }

  @Test func withAProfileNothingOfTheSourcesSpaceIsLeft() throws {
    let layout = try profile(Self.vendorA, Self.vendorB)
    let (source, target) = (try device(Self.vendorA), try device(Self.vendorB))
    let shown = try ConfigSpaceState(layout, on: function(source))
    var record = ConfigurationRecord(shown)
    record.physical = try source.configurationSpace()
    let records = RecordTranslation(for: target.model.facts, profile: layout)
    var report = try report(Self.vendorA, target)

    let identity = records.identity(
      try source.identity(), layout: try #require(Layout.named("virtio")), &report)
    #expect(identity.pci?.vendorID == 0x1af4 && identity.pci?.deviceID == 0x1041)
    #expect(identity.pci?.subsystemID == nil)
    #expect(identity.regions.allSatisfy { $0.index == 6 || $0.index > 7 })
    let result = try #require(records.configuration(record, &report))
    #expect(report.isAccepted)
    #expect(report.rewrites.contains { $0.field == "configuration.physical" })
    #expect(result.physical == nil)
    let portable = try #require(ConfigSpaceState(result))
    #expect(portable.profileDigest == layout.digest)
    for index in portable.synthesized.indices {
      let device = ~portable.emulatedBits[index] & ~layout.image.deviceWritable[index]
      #expect(portable.synthesized[index] & device == 0)
    }
  }

  @Test func aGuestThatWasShownAnotherProfileIsRefused() throws {
    let layout = try profile(Self.vendorA, Self.vendorB)
    let other = try profile(Self.vendorA)
    let source = try device(Self.vendorA)
    let target = try device(Self.vendorB)
    let records = RecordTranslation(for: target.model.facts, profile: layout)
    for (record, field) in [
      (
        ConfigurationRecord(try ConfigSpaceState(other, on: function(source))),
        "configuration.profile"
      ),
      (ConfigurationRecord(physical: try source.configurationSpace()), "configuration"),
    ] {
      var report = try report(Self.vendorA, target)
      _ = records.configuration(record, &report)
      #expect(report.refusals.map(\.field) == [field])
    }
  }

  /// Controller state has no driver of its own.
  @Test func theDriversNameStaysWhereNoOtherIsKnown() throws {
    let source = try device("emulated:nvme")
    var report = try report(Self.vendorA, device(Self.vendorB))
    let identity = RecordTranslation(for: DeviceFacts()).identity(
      try source.identity(), layout: try #require(Layout.named("nvme-tp4159")), &report)
    #expect(identity.driver == "nvme_vfio_pci")
    #expect(!report.rewrites.contains { $0.field == "identity.driver" })
  }

  @Test func anIdentityThatWasNotCheckedIsReported() throws {
    let identity = try device(Self.vendorA).identity()
    let layout = try #require(Layout.named("virtio"))
    var facts = try device(Self.vendorB).model.facts
    var report = try report(Self.vendorA, device(Self.vendorB))
    let count = report.unchecked.count
    _ = RecordTranslation(for: facts).identity(identity, layout: layout, &report)
    #expect(report.unchecked.count == count)
    facts.pci = nil
    _ = RecordTranslation(for: facts).identity(identity, layout: layout, &report)
    #expect(report.unchecked.map(\.fact).suffix(1) == ["pci"])
    #expect(report.isAccepted)
  }
}
