package import Devices
package import MigrationStream
package import StateTranslation

/// A device for volume: as much state as wanted, made up on the fly, and a target that checks every
/// byte.
package final class SyntheticModel: DeviceModel {
  package let settings: SyntheticSettings
  private var memory: GeneratedMemory
  private var saver: SyntheticSaver?
  private var loader: SyntheticLoader?
  private var registers: [UInt8]
  private var engine: DMAEngine?

  /// A device with settings that have no defect.
  package init(_ settings: SyntheticSettings = SyntheticSettings()) {
    precondition(settings.defect == nil, "settings have a defect")
    self.settings = settings
    memory = GeneratedMemory(byteCount: settings.byteCount, seed: settings.seed)
    registers = Self.initialConfiguration
    engine = settings.dmaRate > 0 ? DMAEngine(rate: settings.dmaRate) : nil
  }

  package var facts: DeviceFacts {
    var facts = DeviceFacts()
    facts.driver = driver
    return facts
  }

  /// Of the device's memory as it is now.
  package var digest: String { memory.digest }

  package var driver: String { "synthetic" }
  package var pciIdentity: DeviceIdentity.PCIIdentity? {
    DeviceIdentity.PCIIdentity(
      vendorID: 0x1234, deviceID: 0x5359, subsystemVendorID: 0x1234, subsystemID: 0x0001,
      classCode: 0x12_0000, revisionID: 0x01)
  }
  package var regions: [DeviceIdentity.Region] {
    let space = DeviceIdentity.Region(index: 7, flags: 3, byteCount: UInt64(registers.count))
    guard engine != nil else { return [space] }
    return [DeviceIdentity.Region(index: 0, flags: 3, byteCount: DMAEngine.byteCount), space]
  }

  package var abilities: MigrationAbilities {
    guard settings.canMigrate else { return [] }
    var abilities: MigrationAbilities = [.stopCopy]
    if settings.hasP2P { abilities.insert(.peerToPeer) }
    if settings.preCopyByteCount > 0 { abilities.insert(.preCopy) }
    return abilities
  }

  package var addressSpaceAbilities: AddressSpaceAbilities {
    AddressSpaceAbilities(
      pasidWidth: settings.pasidWidth, permissions: [.execute, .privileged],
      nestedDataTypes: [1], hasFaultQueue: true)
  }

  // MARK: Migration

  package func take(_ arc: MigrationArc) throws(LinuxErrno) {
    if arc == MigrationArc(.resuming, .stop), let loader {
      guard loader.isComplete else { throw .invalid }
      memory = loader.memory
    }
    if arc.closesChannel { endMigration() }
    if arc.to == .resuming { loader = SyntheticLoader(byteCount: settings.byteCount) }
    guard arc.opensChannel || arc.to == .stopCopy, arc.to != .resuming else { return }
    var saver = self.saver ?? SyntheticSaver(memory, settings)
    if arc.to == .stopCopy { saver.stop(memory) }
    self.saver = saver
  }

  package func read(
    into span: inout MutableRawSpan, in state: MigrationState
  ) throws(LinuxErrno) -> Int {
    guard var saver else { throw .invalid }
    // Taken out, so that its books are not copied when they change.
    self.saver = nil
    defer { self.saver = saver }
    let isRunning = state != .stopCopy
    let count = saver.read(into: &span, from: &memory, isRunning: isRunning)
    if count == 0, isRunning, !settings.isIdleZero { throw .noMessage }
    return count
  }

  package func write(_ bytes: RawSpan) throws(LinuxErrno) -> Int {
    guard loader != nil else { throw .invalid }
    return try loader?.write(bytes) ?? 0
  }

  package func preCopyInformation() throws(LinuxErrno) -> PreCopyInformation {
    guard saver != nil else { throw .invalid }
    let isReinitialized = saver?.reinitialize() ?? false
    return PreCopyInformation(
      initialByteCount: saver?.initialByteCount ?? 0, dirtyByteCount: saver?.dirtyByteCount ?? 0,
      isReinitialized: isReinitialized)
  }

  package func stopCopyByteCount() throws(LinuxErrno) -> UInt64 {
    let preCopyBlocks = GeneratedMemory.blockCount(settings.preCopyByteCount)
    let never = SyntheticFormat.byteCount(blocks: memory.blockCount - preCopyBlocks)
    guard let saver else {
      return SyntheticFormat.byteCount(blocks: memory.blockCount)
        + UInt64(SyntheticFormat.headerByteCount)
    }
    return never + saver.initialByteCount + saver.dirtyByteCount
  }

  private func endMigration() {
    saver = nil
    loader = nil
  }

  package func reset() {
    endMigration()
    if let engine { self.engine = DMAEngine(rate: engine.rate) }
  }

  // MARK: The part that writes to memory

  package func read(region: UInt32, at offset: UInt64, byteCount: Int) -> [UInt8]? {
    region == 0 ? engine?.read(at: offset, byteCount: byteCount) : nil
  }

  package func write(_ bytes: [UInt8], region: UInt32, at offset: UInt64) -> Bool {
    guard region == 0, engine != nil else { return false }
    engine?.write(bytes, at: offset)
    return true
  }

  package func advance(to now: Duration, in memory: any DMAMemory) -> Duration? {
    engine?.advance(to: now, in: memory)
  }

  // MARK: Configuration space

  package var configuration: [UInt8] { registers }

  // A type 0 header, the PCI Express capability (PCIe 7.5.3) at 0x40, AER (7.8.4) at 0x100,
  // PASID (7.8.8) at 0x150 and page requests (10.5.2) at 0x160.
  private static let initialConfiguration: [UInt8] = {
    var space = [UInt8](repeating: 0, count: 4096)
    func put(_ offset: Int, _ bytes: [UInt8]) {
      space.replaceSubrange(offset..<offset + bytes.count, with: bytes)
    }
    put(0x00, [0x34, 0x12, 0x59, 0x53, 0x06, 0, 0x10, 0, 0x01, 0, 0, 0x12])
    put(0x2c, [0x34, 0x12, 0x01, 0])
    put(0x34, [0x40])
    put(0x40, [0x10, 0, 0x02, 0, 0x01, 0x80, 0, 0x10, 0x10, 0x28])
    put(0x100, [0x01, 0, 0x02, 0x15])
    put(0x10c, [0x30, 0x20, 0x46])
    put(0x114, [0, 0x20])
    put(0x150, [0x1b, 0, 0x01, 0x16, 0x06, 0x14])
    // Stopped, with room for 32 requests.
    put(0x160, [0x13, 0, 0x01, 0, 0, 0, 0, 0x01, 32])
    return space
  }()

  // The bits that stay as they are written: Device Control but its function-level reset, Device
  // Control 2, AER masks and severity, and the command register.
  private static let writableBits: [Int: UInt8] = [
    0x04: 0x47, 0x05: 0x05, 0x3c: 0xff, 0x48: 0xff, 0x49: 0x7f, 0x68: 0xff, 0x69: 0x07,
    0x108: 0x30, 0x109: 0xf0, 0x10a: 0x7f, 0x10c: 0x30, 0x10d: 0xf0, 0x10e: 0x7f, 0x114: 0xc1,
    0x115: 0xf1, 0x154: 0,
  ]

  package func writeConfiguration(_ bytes: [UInt8], at offset: Int) {
    for (register, byte) in zip(offset..., bytes) {
      // BAR 0 has a size only if something is behind it.
      let bar: [Int: UInt8] = engine == nil ? [:] : [0x11: 0xf0, 0x12: 0xff, 0x13: 0xff]
      let mask = bar[register] ?? Self.writableBits[register] ?? 0
      registers[register] = registers[register] & ~mask | byte & mask
    }
  }
}

extension EmulatedFamily {
  static let synthetic = EmulatedFamily(
    name: "synthetic",
    parameters: [
      "size=SIZE",
      "precopy=SIZE",
      "dirty=N%",
      "seed=N",
      "p2p=no",
      "idle=0",
      "reinit=N",
      "pasid-width=N",
      "migration=no",
      "dma=SIZE",
    ],
    summary:
      "as much state as wanted, made up on the fly; a target checks every byte; served, it writes SIZE bytes a second to where its BAR 0 says"
  ) { (values) throws(DeviceURI.Malformed) in
    var settings = SyntheticSettings()
    settings.byteCount = try values.byteCount("size") ?? settings.byteCount
    settings.preCopyByteCount = try values.byteCount("precopy") ?? 0
    settings.dirtyPercentage = try values.percentage("dirty") ?? 0
    settings.seed = try values.seed()
    settings.hasP2P = try values.truth("p2p") ?? true
    settings.dmaRate = try values.byteCount("dma") ?? 0
    settings.canMigrate = try values.truth("migration") ?? true
    settings.isIdleZero =
      try values.choice("idle", [("ENOMSG", false), ("0", true)]) ?? false
    settings.reinitializationCount = try values.number("reinit", in: 0...Int.max) ?? 0
    settings.pasidWidth = try values.number("pasid-width", in: 0...20) ?? settings.pasidWidth
    if let defect = settings.defect { throw values.malformed(defect) }
    return SyntheticModel(settings)
  }
}
