import ByteIO
public import Devices
private import Glibc
import MigrationStream
import PCIConfig
public import VFIOUser
public import VirtualPCI

/// A device as clients of vfio-user see it: answers to their commands, whoever carries those.
///
/// It is for one thread at a time. Besides the client, who may drive the device's migration, there
/// is the server's own control; one of them owns the state while the device is not RUNNING.
public final class ServedFunction {
  /// Who sends a command.
  public enum Side: String, Sendable, Hashable {
    /// The VMM.
    case client
    /// The operator, at the control socket.
    case control
  }

  /// A reply with the descriptors that go with it, which stay their owner's.
  public struct Answer {
    /// What goes back.
    public var reply: Reply
    /// Open files that go with it, in their order.
    public var descriptors: [Int32]

    init(_ reply: Reply, descriptors: [Int32] = []) {
      self.reply = reply
      self.descriptors = descriptors
    }
  }

  /// The device that is served.
  public let device: any MigratableDevice
  let configuration: ServedConfiguration
  let memory = GuestMemory()
  let interrupts = ServedInterrupts()
  let regionDevice: (any RegionDevice)?
  let hosted: (any HostedDevice)?
  var channel: (any MigrationChannel)?
  /// Whose the device's state is; nobody's while it runs.
  public internal(set) var owner: Side?
  /// What clients have asked for.
  public internal(set) var counters = Counters()
  /// Whether the client may have descriptors of the device.
  public var mayMap = false
  /// Whether a client went while the operator had the device.
  private var hasLeftovers = false
  /// Whether the client was given one.
  public private(set) var mapsRegisters = false

  /// How often clients asked for what.
  public struct Counters: Sendable, Hashable {
    /// Reads of the configuration space, of whatever size.
    public var configurationReads: UInt64 = 0
    /// Writes to the configuration space.
    public var configurationWrites: UInt64 = 0
    /// Reads of other regions: accesses that were not mapped.
    public var regionReads: UInt64 = 0
    /// Writes to other regions.
    public var regionWrites: UInt64 = 0
    /// Ranges of memory that were mapped.
    public var maps: UInt64 = 0
    /// Commands that unmapped memory.
    public var unmaps: UInt64 = 0
    /// Commands that were refused, of either side.
    public var refusals: UInt64 = 0
  }

  static let configurationRegion: UInt32 = 7
  static let regionCount: UInt32 = 9
  static let interruptCount: UInt32 = 5
  /// The most data of a message.
  public static let transferByteLimit = VersionOffer.standardTransferByteLimit
  /// The most descriptors of a message.
  public static let descriptorLimit = 16

  /// Serves a PCI function, by a profile that it can carry or with its own configuration space.
  public init(_ device: any MigratableDevice, profile: ProfileLayout? = nil) throws(ServingError) {
    guard let configurable = device as? any MigratableDevice & ConfigurableDevice else {
      throw .unsuitable(
        "\(device.name): expected a PCI function, found a device without configuration space")
    }
    self.device = device
    configuration = try ServedConfiguration(configurable, profile)
    guard configuration.byteCount >= 64 else {
      throw .unsuitable(
        "\(device.name): expected a configuration space, found \(configuration.byteCount) bytes")
    }
    regionDevice = device as? any RegionDevice
    hosted = device as? any HostedDevice
    hosted?.memory = memory
    memory.mapsUnsealedFiles = hosted == nil
  }

  // MARK: Commands

  /// Answers a command; its descriptors are kept as long as they are of use.
  ///
  /// The errno is the reply's: EINVAL for what makes no sense, EBUSY for the state of a device that
  /// the other side owns.
  public func answer(
    _ request: Request, descriptors: [OwnedDescriptor] = [], from side: Side = .client
  ) throws(LinuxErrno) -> Answer {
    do throws(LinuxErrno) {
      let answer =
        switch side {
        case .client: try reply(to: request, descriptors)
        case .control: try controlReply(to: request)
        }
      raiseInterrupts()
      return answer
    } catch {
      counters.refusals += 1
      throw error
    }
  }

  private func reply(
    to request: Request, _ descriptors: [OwnedDescriptor]
  ) throws(LinuxErrno) -> Answer {
    switch request {
    case .mapDMA(let mapping):
      try map(mapping, descriptors)
      return Answer(.done)
    case .unmapDMA(let unmapping): return Answer(.unmapped(try unmap(unmapping)))
    case .interruptInformation(let question):
      return Answer(.interrupt(try interrupt(question.index)))
    case .setInterrupts(let setup):
      try set(setup, descriptors)
      return Answer(.done)
    case .readRegion(let range): return Answer(.regionData(range, try read(range)))
    case .writeRegion(let range, let data):
      try write(data, range.region, at: range.offset)
      return Answer(.regionWritten(range))
    case .writeRegions(let writes):
      for write in writes { try self.write(write.bytes, write.region, at: write.offset) }
      return Answer(.regionsWritten(UInt64(writes.count)))
    default: return try reply(to: request, .client)
    }
  }

  /// What both sides may ask.
  func reply(to request: Request, _ side: Side) throws(LinuxErrno) -> Answer {
    switch request {
    case .version(let offer): return Answer(.version(try Self.version(offer)))
    case .deviceInformation:
      return Answer(
        .device(
          DeviceInformation(
            flags: [.reset, .pci], regionCount: Self.regionCount,
            interruptCount: Self.interruptCount)))
    case .regionInformation(let question): return try region(question, side)
    case .reset:
      try reset(by: side)
      return Answer(.done)
    case .feature(let request): return Answer(.feature(try feature(request, side)))
    case .readMigrationData(let limit, let count):
      return Answer(.migrationData(try readState(limit, count, side)))
    case .writeMigrationData(let data):
      try writeState(data, side)
      return Answer(.done)
    case .regionIODescriptors: throw .notSupported
    default: throw LinuxErrno(rawValue: ENOSYS)
    }
  }

  private static func version(_ offer: VersionOffer) throws(LinuxErrno) -> VersionOffer {
    guard offer.major == 0 else { throw .notSupported }
    var own = VersionOffer.Capabilities()
    own.descriptorLimit = descriptorLimit
    own.transferByteLimit = transferByteLimit
    own.mappingLimit = GuestMemory.mappingLimit
    own.pageSizes = 4096
    own.takesWriteMultiple = true
    own.migrationPageByteCount = 4096
    return offer.answer(own)
  }

  /// The errno of a device's refusal.
  func naming<Result>(
    _ body: () throws(DeviceError) -> Result
  ) throws(LinuxErrno) -> Result {
    do throws(DeviceError) {
      return try body()
    } catch {
      throw error.errno
    }
  }

  // MARK: Memory

  private func map(
    _ mapping: DMAMapping, _ descriptors: [OwnedDescriptor]
  ) throws(LinuxErrno) {
    guard descriptors.count <= 1 else { throw .invalid }
    let new = try memory.map(mapping, descriptors.first)
    counters.maps += 1
    guard hosted == nil, let device = device as? any DMADevice else { return }
    do throws(LinuxErrno) {
      // What came without a file, as another device's BAR does, the device cannot reach.
      guard case .mapped(let file) = new.backing else { return }
      do throws(DeviceError) {
        guard let descriptor = descriptors.first?.number else { return }
        try device.map(
          new.range, file: descriptor, offset: mapping.offset, for: new.access)
      } catch  where error.errno == .notSupported {
        try naming { () throws(DeviceError) in
          try device.map(new.range, to: file.address, for: new.access)
        }
      } catch {
        throw error.errno
      }
    } catch {
      _ = try? memory.unmap(new.range)
      throw error
    }
  }

  private func unmap(_ unmapping: DMAUnmapping) throws(LinuxErrno) -> DMAUnmapping {
    let gone = unmapping.isAll ? memory.unmapAll() : try memory.unmap(unmapping.range)
    counters.unmaps += 1
    takeFromDevice(gone)
    return unmapping
  }

  private func takeFromDevice(_ mappings: [GuestMemory.Mapping]) {
    guard hosted == nil, let device = device as? any DMADevice else { return }
    for mapping in mappings {
      guard case .mapped = mapping.backing else { continue }
      try? device.unmap(mapping.range)
    }
  }

  // MARK: Regions

  private func size(of index: UInt32) -> UInt64 {
    if index == Self.configurationRegion { return UInt64(configuration.byteCount) }
    let found = regionDevice?.regions.first { $0.index == index }?.byteCount ?? 0
    // The guest may be shown fewer BARs than the device has, and smaller ones.
    guard let profile = configuration.profile?.profile, index < 6 else { return found }
    guard let bar = profile.bars.first(where: { $0.index == Int(index) }) else { return 0 }
    return min(bar.size, found)
  }

  private func region(
    _ question: InformationRequest, _ side: Side
  ) throws(LinuxErrno) -> Answer {
    guard question.index < Self.regionCount, question.replyLimit >= 32 else { throw .invalid }
    let byteCount =
      side == .client
      ? size(of: question.index)
      : regionDevice?.regions.first { $0.index == question.index }?.byteCount ?? 0
    var region = RegionInformation(
      index: question.index, flags: byteCount > 0 ? [.read, .write] : [], byteCount: byteCount,
      offset: 0)
    guard side == .client, mayMap, question.index < 6, byteCount > 0,
      let mapping = try naming({ () throws(DeviceError) in
        try regionDevice?.mapping(of: question.index)
      })
    else { return Answer(.region(region, needed: 32)) }
    region.flags.insert(.map)
    region.offset = mapping.offset
    mapsRegisters = true
    let areas = mapping.areas.map { $0.clamped(to: 0..<byteCount) }.filter { !$0.isEmpty }
    if areas != [0..<byteCount] { region.capabilities = [.sparse(areas)] }
    return Answer(
      .region(region, needed: 32), descriptors: [mapping.descriptor])
  }

  private func read(_ range: RegionRange) throws(LinuxErrno) -> [UInt8] {
    let count = try check(range.region, range.offset, Int(range.byteCount))
    if range.region == Self.configurationRegion {
      counters.configurationReads += 1
      return try naming { () throws(DeviceError) in
        try configuration.read(Int(range.offset), byteCount: count)
      }
    }
    counters.regionReads += 1
    guard let regionDevice else { throw .invalid }
    var buffer = ByteBuffer(capacity: count)
    while buffer.count < count {
      let place = range.offset + UInt64(buffer.count)
      let got = try naming { () throws(DeviceError) in
        try buffer.fill(limit: count - buffer.count) { (span) throws(DeviceError) in
          try regionDevice.read(into: &span, from: range.region, at: place)
        }
      }
      guard got > 0 else { throw .inputOutput }
    }
    return [UInt8](buffer.bytes)
  }

  private func write(_ data: [UInt8], _ region: UInt32, at offset: UInt64) throws(LinuxErrno) {
    _ = try check(region, offset, data.count)
    if region == Self.configurationRegion {
      counters.configurationWrites += 1
      let resets = try naming { () throws(DeviceError) in
        try configuration.write(data, at: Int(offset))
      }
      if resets { try reset(by: .client) }
      return
    }
    counters.regionWrites += 1
    guard let regionDevice else { throw .invalid }
    var rest = data.span.raw
    var place = offset
    while rest.byteCount > 0 {
      let taken = try naming { () throws(DeviceError) in
        try regionDevice.write(rest, to: region, at: place)
      }
      guard taken > 0 else { throw .inputOutput }
      rest = rest.extracting(droppingFirst: taken)
      place += UInt64(taken)
    }
  }

  /// Refuses an access outside the region, or in a state in which nobody may touch the device.
  private func check(
    _ region: UInt32, _ offset: UInt64, _ count: Int
  ) throws(LinuxErrno) -> Int {
    guard count <= Self.transferByteLimit else { throw LinuxErrno(rawValue: E2BIG) }
    let size = size(of: region)
    guard UInt64(count) <= size, offset <= size - UInt64(count) else { throw .invalid }
    // The uAPI forbids it while state is read or written.
    guard channel == nil || isRunning else { throw .invalid }
    return count
  }

  // MARK: Interrupts

  /// A kind of interrupt, with as many vectors as the guest is shown.
  private func interrupt(_ index: UInt32) throws(LinuxErrno) -> InterruptInformation {
    guard index < Self.interruptCount else { throw .invalid }
    let shown = try shownVectors(Int(index))
    if hosted == nil, let device = device as? any InterruptDevice {
      let kinds = try naming { () throws(DeviceError) in try device.interrupts() }
      guard var kind = kinds.first(where: { $0.index == index }) else {
        return InterruptInformation(index: index, flags: .eventfd, count: 0)
      }
      if index < 3 { kind.count = min(kind.count, shown) }
      return kind
    }
    let flags: InterruptInformation.Flags =
      Int(index) == ServedInterrupts.intx ? [.eventfd, .maskable, .automasked] : .eventfd
    return InterruptInformation(index: index, flags: flags, count: shown)
  }

  private func shownVectors(_ index: Int) throws(LinuxErrno) -> UInt32 {
    guard index < ServedInterrupts.error else { return 1 }
    let bytes = try naming { () throws(DeviceError) in
      try configuration.read(0, byteCount: min(256, configuration.byteCount))
    }
    guard let space = try? ConfigSpace(bytes) else { return 0 }
    return space.vectorCount(ofInterrupt: index)
  }

  private func set(
    _ setup: InterruptSetup, _ eventfds: [OwnedDescriptor]
  ) throws(LinuxErrno) {
    let kind = try interrupt(setup.index)
    // No more than the guest is shown.
    guard setup.start <= kind.count, setup.count <= kind.count - setup.start,
      eventfds.isEmpty || setup.data == .eventfds && eventfds.count == Int(setup.count)
    else { throw .invalid }
    if hosted == nil, let device = device as? any InterruptDevice {
      // Without descriptors the vectors let go of theirs, which the kernel is told one by one.
      let none = [Int32](repeating: -1, count: Int(setup.count))
      try naming { () throws(DeviceError) in
        try device.set(setup, eventfds: eventfds.isEmpty ? none : eventfds.map(\.number))
      }
      return
    }
    try interrupts.set(setup, of: kind.count, eventfds)
  }

  /// Signals what the device asks for.
  private func raiseInterrupts() {
    if isRunning, hosted?.isInterruptPending == true { interrupts.raiseINTx() }
  }

  // MARK: Time

  /// Has a device that acts by itself do what is due; when it wants to be asked again.
  public func advance(to now: Duration) -> Duration? {
    guard isRunning, let next = hosted?.advance(to: now) else { return nil }
    raiseInterrupts()
    return next
  }

  // MARK: Ends

  func reset(by side: Side) throws(LinuxErrno) {
    // A guest's reset of a device that runs ends what the operator was reading.
    guard owner == nil || owner == side || side == .client && isRunning else { throw .busy }
    channel = nil
    try naming { () throws(DeviceError) in try device.reset() }
    configuration.reset()
    owner = nil
  }

  /// Resets a device that still is as a client before left it, if nobody owns its state.
  public func clientComes() {
    if hasLeftovers, owner == nil { try? reset(by: .client) }
    hasLeftovers = false
  }

  /// Takes back everything that a client had when it goes; what became of the device.
  ///
  /// As a kernel does with a device whose user goes, it is reset, unless control owns its state.
  public func clientLeft() -> String {
    interrupts.clear()
    if hosted == nil, let device = device as? any InterruptDevice {
      for index in 0..<3 as Range<UInt32> {
        try? device.set(InterruptSetup(.trigger, .none, index: index, count: 0), eventfds: [])
      }
    }
    takeFromDevice(memory.unmapAll())
    memory.askClient = nil
    mapsRegisters = false
    try? memory.stopLog()
    try? loggingDevice?.stopDMALogging()
    guard owner != .control else {
      hasLeftovers = true
      return "the device stays \(stateName) for the control socket"
    }
    do throws(LinuxErrno) {
      try reset(by: .client)
      return "the device was reset"
    } catch {
      return "the device could not be reset: \(error)"
    }
  }
}

extension InformationCapability {
  /// The areas of a region that can be mapped (`struct vfio_region_info_cap_sparse_mmap`).
  fileprivate static func sparse(_ areas: [Range<UInt64>]) -> InformationCapability {
    var writer = ByteWriter(reserving: 8 + 16 * areas.count)
    writer.little(UInt32(areas.count))
    writer.little(0 as UInt32)
    for area in areas {
      writer.little(area.lowerBound)
      writer.little(area.upperBound - area.lowerBound)
    }
    return InformationCapability(id: 1, version: 1, bytes: writer.bytes)
  }
}

extension ConfigSpace {
  /// The vectors of INTx (0), MSI (1) or MSI-X (2) that the function shows.
  fileprivate func vectorCount(ofInterrupt index: Int) -> UInt32 {
    if index == ServedInterrupts.intx { return bytes.count > 0x3d && bytes[0x3d] != 0 ? 1 : 0 }
    let id = CapabilityID(standard: index == ServedInterrupts.msi ? 0x05 : 0x11)
    guard let start = capabilityList.capabilities.first(where: { $0.id == id })?.offset,
      start + 4 <= bytes.count
    else { return 0 }
    let control = UInt32(bytes[start + 2]) | UInt32(bytes[start + 3]) << 8
    return index == ServedInterrupts.msi ? 1 << (control >> 1 & 7) : (control & 0x7ff) + 1
  }
}
