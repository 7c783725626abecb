import ByteIO
public import Devices
private import Glibc
import MigrationStream
import PCIConfig
import StateTranslation
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
  let holdings: ClientHoldings
  let memory: GuestMemory
  let interrupts: ServedInterrupts
  /// Of a device that signals the guest's eventfds by itself.
  let deviceInterrupts: DeviceInterrupts?
  let regionDevice: (any RegionDevice)?
  let hosted: (any HostedDevice)?
  var channel: (any MigrationChannel)?
  /// Whose the device's state is; nobody's while it runs.
  public internal(set) var owner: Side?
  /// What clients have asked for.
  public internal(set) var counters = Counters()
  /// Whether the client may have descriptors of the device.
  public var mayMap = false
  /// Whether the client was given one.
  public internal(set) var mapsRegisters = false
  /// Whether the device still is as a client before left it: until a reset was done.
  private(set) var hasLeftovers = false
  /// Whether a client is served.
  private(set) var hasClient = false
  /// What the operator's side was told of the client last; nil if it never asked.
  var told: ClientNews?

  /// What a server tells of its client, by which the operator's side decides what it may do.
  struct ClientNews {
    let hasClient: Bool
    let mapsRegisters: Bool
  }

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
    /// Commands that unmask INTx, as a guest sends after each of its interrupts.
    public var unmasks: UInt64 = 0
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
    holdings = ClientHoldings()
    memory = GuestMemory(holdings)
    interrupts = ServedInterrupts(holdings)
    configuration = try ServedConfiguration(configurable, profile)
    guard configuration.byteCount >= 64 else {
      throw .unsuitable(
        "\(device.name): expected a configuration space, found \(configuration.byteCount) bytes")
    }
    regionDevice = device as? any RegionDevice
    hosted = device as? any HostedDevice
    deviceInterrupts =
      hosted == nil
      ? (device as? any InterruptDevice).map { [holdings] in DeviceInterrupts($0, holdings) } : nil
    hosted?.memory = memory
    // A kernel reaches memory that was pinned; another process asks this one, which would touch it.
    memory.mapsUnsealedFiles = hosted == nil && !(device is VFIOUserDevice)
  }

  // MARK: Commands

  /// Answers a command; its descriptors are kept as long as they are of use.
  ///
  /// The errno is the reply's: EINVAL for what makes no sense, EBUSY for the state of a device that
  /// the other side owns.
  public func answer(
    _ request: Request, descriptors: [OwnedDescriptor] = [], from side: Side = .client
  ) throws(LinuxErrno) -> Answer {
    memory.refusal = nil
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
    case .version(let offer): return Answer(.version(try version(offer, side)))
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

  private func version(_ offer: VersionOffer, _ side: Side) throws(LinuxErrno) -> VersionOffer {
    guard offer.major == 0 else { throw .notSupported }
    if side == .client {
      memory.clientByteLimit = min(
        Self.transferByteLimit, offer.capabilities?.transferByteLimit ?? Self.transferByteLimit)
    }
    var own = VersionOffer.Capabilities()
    own.descriptorLimit = Self.descriptorLimit
    own.transferByteLimit = Self.transferByteLimit
    own.mappingLimit = holdings.share.rangeCount
    own.pageSizes = 4096
    own.takesWriteMultiple = true
    own.migrationPageByteCount = 4096
    return offer.answer(own)
  }

  /// The device, if it reaches the guest's memory by itself.
  var dmaDevice: (any DMADevice)? { hosted == nil ? device as? any DMADevice : nil }

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
    hasLeftovers = false
  }

  /// Resets a device that still is as a client before left it, and says so; nil if there was
  /// nothing to reset.
  ///
  /// Throws if that cannot be done, for what another guest left is no client's: EBUSY as long as
  /// the operator's side owns the device.
  @discardableResult
  public func clientComes() throws(LinuxErrno) -> String? {
    guard hasLeftovers else {
      hasClient = true
      return nil
    }
    guard owner == nil else { throw .busy }
    try reset(by: .client)
    hasClient = true
    return resetText
  }

  /// What a reset did, in true words: not every device's clears all that a guest can write.
  private var resetText: String {
    device.isClearedByReset
      ? "the device was reset"
      : "the device was reset, which is not known to clear all that a client left in it"
  }

  /// Takes back everything that a client had when it goes; what became of the device.
  ///
  /// As a kernel does with a device whose user goes, it is reset, unless control owns its state.
  public func clientLeft() -> String {
    interrupts.clear()
    deviceInterrupts?.clear()
    memory.askClient = nil
    memory.clientByteLimit = Self.transferByteLimit
    mapsRegisters = false
    hasClient = false
    // What nobody logs refuses to be stopped.
    try? memory.stopLog()
    try? loggingDevice?.stopDMALogging()
    var text = ""
    do throws(LinuxErrno) {
      try takeFromDevice(memory.unmapAll())
    } catch {
      text = "; it may still reach its client's memory: \(error)"
    }
    guard owner != .control else {
      hasLeftovers = true
      return "the device stays \(stateName) for the control socket" + text
    }
    do throws(LinuxErrno) {
      try reset(by: .client)
      return resetText + text
    } catch {
      hasLeftovers = true
      return "the device could not be reset: \(error)" + text
    }
  }
}
