import ByteIO
public import Devices
public import MigrationStream
public import StateLayout
public import StateTranslation

/// A device that lives in this process and answers as one in the kernel does.
///
/// This stands for the kernel's core (drivers/vfio/vfio_main.c) and for the loop that every driver
/// has around its arcs; the model does the rest.
public final class EmulatedDevice: MigratableDevice, FactualDevice, FeatureDevice,
  ConfigurableDevice, PASIDDevice
{
  public let name: String
  package let model: any DeviceModel
  /// Makes another device like this; nil if nobody said how.
  private let makeTwin: (() -> (any DeviceModel)?)?
  /// The file in which the device is kept between two commands, which whoever opened it reads and
  /// writes; nil if it ends with the process.
  public internal(set) var keptPath: String?
  /// The faults still to come; may be changed while the device is in use.
  public var faults: FaultPlan
  /// The most bytes that a read or write of the data channel moves; a driver may move fewer than it
  /// is given.
  public var stepLimit: Int

  private(set) var current = MigrationState.running
  // The number of the open data channel, which the device does not hold: the channel holds it.
  private(set) var openChannel: Int?
  private var channelCount = 0
  // A driver that met its own oops holds its lock for ever.
  private var isStuck = false
  /// The domains allocated, by their number.
  public private(set) var domains: [UInt32: PASIDTable.Domain] = [:]
  /// The domain of each PASID attached.
  public private(set) var attachments: [UInt32: UInt32] = [:]
  /// The arcs taken since the device was made.
  public private(set) var arcs: [MigrationArc] = []
  /// How many times the device was reset.
  public private(set) var resetCount = 0
  /// The memory that the device reaches; whoever serves it lends it.
  public var memory: (any DMAMemory)?
  var regionMemory: [UInt32: RegionMemory] = [:]
  /// Told what happens to the device, as it happens.
  public var observe: (Event) -> Void = { _ in }

  /// Something that happens to a device.
  public enum Event: Sendable, Hashable {
    case arc(MigrationArc)
    case read(byteCount: Int)
    case write(byteCount: Int)
    case attach(pasid: UInt32)
    case detach(pasid: UInt32)
    case reset
  }

  package init(
    _ name: String, model: any DeviceModel, faults: FaultPlan = FaultPlan(),
    stepLimit: Int = .max, makeTwin: (() -> (any DeviceModel)?)? = nil
  ) {
    self.name = name
    self.model = model
    self.makeTwin = makeTwin
    self.faults = faults
    self.stepLimit = max(1, stepLimit)
  }

  // MARK: What it takes

  /// Gives the state to another device like this.
  public func refusal<State: StateSource>(
    of state: State, isWhole: Bool
  ) throws(State.Failure) -> DeviceError? {
    guard let twin = makeTwin?() else { return nil }
    let device = EmulatedDevice(name, model: twin)
    var buffer = ByteBuffer()
    var position: UInt64 = 0
    do {
      guard let channel = try device.transition(to: .resuming) else { return nil }
      while position < state.byteCount {
        let count = Int(min(state.byteCount - position, Self.refusalStep))
        buffer.removeAll()
        try state.read(at: position, count: count, into: &buffer)
        var rest = buffer.bytes
        while rest.byteCount > 0 { rest = rest.extracting(droppingFirst: try channel.write(rest)) }
        position += UInt64(count)
      }
      if isWhole { _ = try device.transition(to: .stop) }
      return nil
    } catch let error as DeviceError {
      return error
    } catch let error as State.Failure {
      throw error
    } catch {
      preconditionFailure("reading and writing throw nothing else")
    }
  }

  private static let refusalStep: UInt64 = 1 << 20

  // MARK: What it is

  /// The facts that a translation to this device goes by.
  public var facts: DeviceFacts { model.facts }

  public func identity() throws(DeviceError) -> DeviceIdentity {
    var identity = DeviceIdentity(name: name, driver: model.driver, pci: model.pciIdentity)
    identity.regions = model.regions
    return identity
  }

  public func abilities() throws(DeviceError) -> MigrationAbilities {
    try check(.abilities, .readAbilities)
    return model.abilities
  }

  /// As the core of Linux 7.2 answers for every driver.
  public func has(_ feature: DeviceFeature, for access: DeviceFeature.Access) -> Bool {
    let allowed: DeviceFeature.Access =
      switch feature {
      case .migration, .migrationDataSize: .get
      case .migrationState: [.get, .set]
      case .preCopyInformation2: model.abilities.contains(.preCopy) ? .set : []
      default: []
      }
    return !model.abilities.isEmpty && allowed.isSuperset(of: access)
  }

  public func state() throws(DeviceError) -> MigrationState {
    try check(.state, .readState)
    guard !model.abilities.isEmpty else {
      throw DeviceError(.readState, .notSupportedByDriver)
    }
    return current
  }

  public func stopCopyByteCount() throws(DeviceError) -> UInt64 {
    try check(.size, .readStopCopySize)
    return try naming(.readStopCopySize) { () throws(LinuxErrno) in
      try model.stopCopyByteCount()
    }
  }

  // MARK: Arcs

  public func transition(
    to target: MigrationState
  ) throws(DeviceError) -> (any MigrationChannel)? {
    let machine = MigrationStateMachine(model.abilities)
    var opened: EmulatedChannel?
    if isStuck { throw DeviceError(.transition(MigrationArc(current, target)), .noDevice) }
    while current != target {
      guard let next = machine.next(from: current, toward: target) else {
        throw DeviceError(.transition(MigrationArc(current, target)), .invalid)
      }
      opened = try take(MigrationArc(current, next))
    }
    return opened
  }

  private func take(_ arc: MigrationArc) throws(DeviceError) -> EmulatedChannel? {
    if arc.from == .resuming, openChannel == nil {
      // mtty, Linux 6.12 to 7.0: reopened in RESUMING there is no data file, and leaving the state
      // is an oops.
      isStuck = true
      throw DeviceError(.transition(arc), .noDevice)
    }
    if let fault = faults.fault(at: .arc(arc)) {
      if fault.entersError { fail() }
      throw DeviceError(.transition(arc), fault.number)
    }
    try naming(.transition(arc)) { () throws(LinuxErrno) in try model.take(arc) }
    current = arc.to
    arcs.append(arc)
    observe(.arc(arc))
    if arc.closesChannel { openChannel = nil }
    guard arc.opensChannel else { return nil }
    channelCount += 1
    openChannel = channelCount
    return EmulatedChannel(channelCount, to: self, isWritable: arc.to == .resuming)
  }

  /// Falls into ERROR, as a device does that its driver gave up.
  public func fail() {
    openChannel = nil
    current = .error
  }

  /// Leaves the device as a user does who goes away: the state stays, the data channel does not.
  public func abandon() {
    openChannel = nil
    attachments = [:]
    domains = [:]
  }

  public func reset() throws(DeviceError) {
    if isStuck { throw DeviceError(.reset, .noDevice) }
    try check(.reset, .reset)
    openChannel = nil
    regionMemory = [:]
    model.reset()
    current = .running
    resetCount += 1
    observe(.reset)
  }

  // MARK: Configuration space

  public func configurationSpace() throws(DeviceError) -> [UInt8] {
    try check(.configuration, .readConfiguration(at: 0))
    return model.configuration
  }

  public func readConfiguration(at offset: Int, byteCount: Int) throws(DeviceError) -> UInt32 {
    let operation = DeviceError.Operation.readConfiguration(at: offset)
    try check(.configuration, operation)
    let space = model.configuration
    guard Self.hasRegister(at: offset, byteCount: byteCount, in: space.count) else {
      throw DeviceError(operation, .invalid)
    }
    return (0..<byteCount).reduce(0) { $0 | UInt32(space[offset + $1]) << UInt32(8 * $1) }
  }

  public func writeConfiguration(
    _ value: UInt32, at offset: Int, byteCount: Int
  ) throws(DeviceError) {
    guard Self.hasRegister(at: offset, byteCount: byteCount, in: model.configuration.count) else {
      throw DeviceError(.writeConfiguration(at: offset), .invalid)
    }
    try writeConfiguration(
      (0..<byteCount).map { UInt8(truncatingIfNeeded: value >> UInt32(8 * $0)) }, at: offset)
  }

  /// Writes any bytes of the configuration region at once, as a call of the kernel can.
  public func writeConfiguration(_ bytes: [UInt8], at offset: Int) throws(DeviceError) {
    try check(.configuration, .writeConfiguration(at: offset))
    guard offset >= 0, offset <= model.configuration.count - bytes.count else {
      throw DeviceError(.writeConfiguration(at: offset), .invalid)
    }
    model.writeConfiguration(bytes, at: offset)
  }

  // MARK: Address spaces, as iommufd of Linux 7.0 answers

  public func addressSpaceAbilities() throws(DeviceError) -> AddressSpaceAbilities {
    model.addressSpaceAbilities
  }

  public func allocate(_ domains: [PASIDTable.Domain]) throws(DeviceError) {
    for domain in domains {
      try check(.allocate, .allocateDomain(domain.id))
      guard model.addressSpaceAbilities.pasidWidth > 0 else {
        throw DeviceError(.allocateDomain(domain.id), .notSupported)
      }
    }
    for domain in domains { self.domains[domain.id] = domain }
  }

  public func attach(_ binding: PASIDTable.Binding) throws(DeviceError) {
    let operation = DeviceError.Operation.attach(pasid: binding.pasid)
    try check(.attach, operation)
    guard binding.pasid != 0 else { throw DeviceError(operation, .busy) }
    guard binding.pasid >> UInt32(model.addressSpaceAbilities.pasidWidth) == 0 else {
      throw DeviceError(operation, .invalid)
    }
    guard domains[binding.domain] != nil else {
      throw DeviceError(operation, .noEntry)
    }
    attachments[binding.pasid] = binding.domain
    observe(.attach(pasid: binding.pasid))
  }

  public func detach(pasid: UInt32) throws(DeviceError) {
    attachments[pasid] = nil
    observe(.detach(pasid: pasid))
  }

  /// None: what is attached here makes no page requests.
  public func faultQueue(ofDomain id: UInt32) -> Int32? { nil }

  public func releaseDomains() { domains = [:] }

  private func check(
    _ call: FaultPlan.Call, _ operation: DeviceError.Operation
  ) throws(DeviceError) {
    guard let fault = faults.fault(at: .call(call)) else { return }
    if fault.entersError { fail() }
    throw DeviceError(operation, fault.number)
  }
}

/// Runs `body`, and says of its errno which operation it is about.
func naming<Result>(
  _ operation: DeviceError.Operation, _ body: () throws(LinuxErrno) -> Result
) throws(DeviceError) -> Result {
  do throws(LinuxErrno) {
    return try body()
  } catch {
    throw DeviceError(operation, error)
  }
}
