import DeviceTestSupport
import Devices
import EmulatedDevices
import Migration
import MigrationStream
import PCIConfig
import TestSupport
import Testing
import VirtualPCI

/// Devices of families that have some of the protocols, in the engines and behind a virtual space.
@Suite struct DeviceFamilyTests {
  /// A device with state and nothing else.
  private final class StateDevice: MigratableDevice {
    let base: EmulatedDevice

    init(_ base: EmulatedDevice) { self.base = base }

    var name: String { base.name }
    func identity() throws(DeviceError) -> DeviceIdentity { try base.identity() }
    func abilities() throws(DeviceError) -> MigrationAbilities { try base.abilities() }
    func state() throws(DeviceError) -> MigrationState { try base.state() }
    func transition(
      to target: MigrationState
    ) throws(DeviceError) -> (any MigrationChannel)? { try base.transition(to: target) }
    func stopCopyByteCount() throws(DeviceError) -> UInt64 { try base.stopCopyByteCount() }
    func reset() throws(DeviceError) { try base.reset() }
  }

  private static let uri = "emulated:synthetic?size=64KiB"

  private func replay(
    _ bytes: [UInt8], onto target: any MigratableDevice, parts: ReplayParts = .all
  ) throws -> ReplaySummary {
    var options = ReplayOptions()
    options.parts = parts
    let engine = ReplayEngine(
      [ReplayTarget(target, number: 0)], options: options, clock: ManualClock())
    var source = MemorySource(bytes)
    return try engine.run(&source)
  }

  @Test func stateAloneIsCapturedAndReplayed() throws {
    let source = StateDevice(try device(Self.uri))
    let box = StreamBox()
    _ = try CaptureEngine([CaptureSource(source)], clock: ManualClock()).run(into: MemorySink(box))
    let records = try DecodedStream(box.bytes).records
    #expect(!records.contains { if case .configuration = $0 { true } else { false } })
    let target = StateDevice(try device(Self.uri + "&seed=4"))
    let summary = try replay(box.bytes, onto: target)
    #expect(summary.devices.map(\.outcome) == [.restored])
    #expect(target.base.content == source.base.content)
  }

  @Test func bindingsAreRefusedByADeviceWithoutPASIDs() throws {
    var builder = StreamBuilder()
    builder.devices[0].pasids = PASIDTable(
      domains: [.init(id: 0)], bindings: [.init(pasid: 1, domain: 0)])
    let target = StateDevice(try device(Self.uri))
    let bytes = try builder.encoded()
    let error = #expect(throws: ReplayError<StreamError>.self) {
      try replay(bytes, onto: target, parts: .bindings)
    }
    guard case .incompatible(let report)? = error?.cause else { return #expect(Bool(false)) }
    #expect(report.findings.map(\.subject) == ["PASID bindings"])
  }

  // MARK: Configuration

  /// A device of the engines as the device behind a virtual space.
  private struct Access: PhysicalConfigAccess {
    let device: any ConfigurableDevice

    func read(_ offset: Int, byteCount: Int) throws(DeviceError) -> UInt32 {
      try device.readConfiguration(at: offset, byteCount: byteCount)
    }

    mutating func write(_ offset: Int, byteCount: Int, value: UInt32) throws(DeviceError) {
      try device.writeConfiguration(value, at: offset, byteCount: byteCount)
    }
  }

  private func space(on device: EmulatedDevice) throws -> VirtualConfigSpace<Access> {
    let profile = """
      profile: served
      identity: { vendor: 0x1af4, device: 0x1234, class: 0x010802 }
      capabilities:
        - { id: express, at: 0x40 }
      """
    let layout = try ProfileLayout(Profile(parsing: [UInt8](profile.utf8)))
    let host = HostFunction(try ConfigSpace(device.configurationSpace()), label: "it")
    return try VirtualConfigSpace(
      layout, at: PhysicalOffsets(of: layout, on: host), on: Access(device: device))
  }

  @Test func aVirtualSpaceServesADevice() throws {
    let device = try device("emulated:synthetic")
    var space = try space(on: device)
    try space.write(0x48, byteCount: 2, value: 0x000f)
    #expect(try space.read(0x48, byteCount: 2) == 0x000f)
    #expect(try device.readConfiguration(at: 0x48, byteCount: 2) == 0x000f)
  }

  @Test func whatTheDeviceFailsAtTheGuestsVMMIsTold() throws {
    let device = try device("emulated:synthetic")
    var space = try space(on: device)
    let saved = try space.save()
    device.faults = FaultPlan([.init(at: .call(.configuration), .inputOutput)])
    // Registers of the VMM's own are served without the device.
    #expect(try space.read(0, byteCount: 4) == 0x1234_1af4)
    #expect(throws: DeviceError(.readConfiguration(at: 0x4a), .inputOutput)) {
      try space.read(0x4a, byteCount: 2)
    }
    #expect(throws: DeviceError.self) { try space.write(0x48, byteCount: 2, value: 0) }
    #expect(throws: ConfigRestoreError<DeviceError>.self) { try space.restore(saved) }
  }

  /// Every access of a small size at every place near the ends, right or wrong.
  @Test func registersAreReadAndWrittenInTheirSizesOnly() throws {
    let device = try device("emulated:mtty")
    let bytes = try device.configurationSpace()
    for offset in [-4, -1, 0, 1, 2, 3, 4, 60, 61, 62, 250, 251, 252, 253, 254, 255, 256] {
      for byteCount in 0...8 {
        let isRegister =
          [1, 2, 4].contains(byteCount) && offset >= 0 && offset % byteCount == 0
          && offset + byteCount <= bytes.count
        let value = try? device.readConfiguration(at: offset, byteCount: byteCount)
        #expect((value != nil) == isRegister, "\(byteCount) at \(offset)")
        if isRegister {
          #expect(
            value
              == bytes[offset..<offset + byteCount].reversed().reduce(0) { $0 << 8 | UInt32($1) })
        }
        let write = Result {
          try device.writeConfiguration(value ?? 0, at: offset, byteCount: byteCount)
        }
        #expect(((try? write.get()) != nil) == isRegister)
      }
    }
  }
}
