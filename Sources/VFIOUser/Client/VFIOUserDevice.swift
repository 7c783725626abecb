private import ByteIO
public import Devices
private import Glibc
public import MigrationStream
import VFIO

/// A device that another process serves at a Unix socket by the vfio-user protocol.
///
/// What the wire does not say is not made up: it has no sizes of state, so they are ENOTTY, as from
/// a driver that has no such request. A server that breaks the protocol gets no further command,
/// and every call fails with EPROTO and the message that was wrong.
public final class VFIOUserDevice: MigratableDevice {
  public let name: String
  /// What the server said of the device.
  public let information: DeviceInformation
  public let regions: [RegionInformation]
  /// Whether the server keeps the device as it is when this connection ends. The protocol does not
  /// say what it does; libvfio-user's samples and `ferry serve` reset it, as a kernel does.
  public let isKeptByServer: Bool
  let connection: ClientConnection
  /// The files that regions can be mapped from, by the regions' numbers.
  let regionFiles: [UInt32: OwnedDescriptor]
  // Where the device was last seen, to name an arc by.
  private(set) var lastState = MigrationState.running
  private var knownAbilities: MigrationAbilities?
  /// How many transitions the server made.
  private(set) var transitionCount = 0
  /// How many sessions of reading or writing state have ended.
  private(set) var endedSessionCount = 0

  /// How long the server may take for a reply; a transition may have to wait for hardware.
  public static let standardTimeout = MessageSocket.standardTimeout

  /// Connects to the server at `path`, and asks what its device is. `isKeptByServer` is for servers
  /// that are known to keep the device.
  public init(
    path: String, name: String? = nil, timeout: Duration = standardTimeout,
    isKeptByServer: Bool = false, trace: MessageTrace? = nil
  ) throws(DeviceError) {
    self.isKeptByServer = isKeptByServer
    self.name = name ?? "vfio-user:\(path)"
    let connection = try Self.naming(.open(path)) { () throws(ClientConnection.Failure) in
      try ClientConnection(path: path, timeout: timeout, patience: .seconds(1), trace: trace)
    }
    let answer = try Self.naming(.identify) { () throws(ClientConnection.Failure) in
      try connection.exchange(.deviceInformation(InformationRequest(replyLimit: 16))).reply
    }
    guard case .device(let information) = answer else { preconditionFailure("it was asked for") }
    guard information.regionCount <= Self.countLimit,
      information.interruptCount <= Self.countLimit
    else {
      throw DeviceError(
        .identify, .protocolError,
        detail: "expected at most \(Self.countLimit) regions and interrupts, found "
          + "\(information.regionCount) and \(information.interruptCount)")
    }
    var regions: [RegionInformation] = []
    var files: [UInt32: OwnedDescriptor] = [:]
    for index in 0..<information.regionCount {
      let (region, file) = try Self.region(index, connection)
      regions.append(region)
      files[index] = file
    }
    self.connection = connection
    self.information = information
    self.regions = regions
    regionFiles = files
  }

  // More than PCI has; a server's number is not taken on trust.
  private static let countLimit: UInt32 = 100

  /// A region, asked for again with the room that its capabilities want.
  private static func region(
    _ index: UInt32, _ connection: ClientConnection
  ) throws(DeviceError) -> (RegionInformation, OwnedDescriptor?) {
    var limit = UInt32(Reply.regionByteCount)
    while true {
      let question = InformationRequest(replyLimit: limit, index: index)
      let answer: (reply: Reply, descriptors: [OwnedDescriptor])
      do throws(ClientConnection.Failure) {
        answer = try connection.exchange(.regionInformation(question))
      } catch .refused(.invalid, _) {
        // As vfio-pci answers for a region that a function does not have.
        let none = RegionInformation(index: index, flags: [], byteCount: 0, offset: 0)
        return (none, nil)
      } catch {
        throw Self.error(.identify, error)
      }
      guard case .region(let region, let needed) = answer.reply else {
        preconditionFailure("it was asked for")
      }
      guard needed > limit else { return (region, answer.descriptors.first) }
      guard needed <= UInt32(InformationCapability.byteLimit) else {
        throw DeviceError(
          .identify, .protocolError,
          detail: "expected at most \(InformationCapability.byteLimit) bytes of region \(index), "
            + "found \(needed)")
      }
      limit = needed
    }
  }

  // MARK: Commands

  static func error(
    _ operation: DeviceError.Operation, _ failure: ClientConnection.Failure
  ) -> DeviceError {
    switch failure {
    case .refused(let errno, let reason): DeviceError(operation, errno, detail: reason)
    case .broken(.system(let errno)): DeviceError(operation, errno)
    case .broken(.timeout):
      DeviceError(
        operation, LinuxErrno(rawValue: ETIMEDOUT), detail: "the server did not answer in time")
    case .broken(let error):
      DeviceError(operation, .protocolError, detail: "\(error)")
    }
  }

  static func naming<Result>(
    _ operation: DeviceError.Operation, _ body: () throws(ClientConnection.Failure) -> Result
  ) throws(DeviceError) -> Result {
    do throws(ClientConnection.Failure) {
      return try body()
    } catch {
      throw Self.error(operation, error)
    }
  }

  @discardableResult
  func ask(
    _ operation: DeviceError.Operation, _ request: Request, descriptors: [Int32] = []
  ) throws(DeviceError) -> Reply {
    try Self.naming(operation) { () throws(ClientConnection.Failure) in
      try connection.exchange(request, descriptors: descriptors).reply
    }
  }

  /// Reads or sets a feature; the payload of the reply.
  @discardableResult
  func feature(
    _ operation: DeviceError.Operation, _ request: FeatureRequest, replyByteCount: Int
  ) throws(DeviceError) -> [UInt8] {
    guard case .feature(let answer) = try ask(operation, .feature(request)) else {
      preconditionFailure("it was asked for")
    }
    guard answer.payload.count >= replyByteCount else {
      throw DeviceError(
        operation, .protocolError,
        detail: "expected \(replyByteCount) bytes of the feature, found \(answer.payload.count)")
    }
    return answer.payload
  }

  /// Sends a command that the specification does not have, for servers that do; the reply's body.
  public func send(
    _ operation: DeviceError.Operation, _ command: MessageCommand, _ body: [UInt8] = []
  ) throws(DeviceError) -> [UInt8] {
    guard case .other(let answer) = try ask(operation, .unknown(command, body)) else {
      preconditionFailure("a command that is not known has a reply of bytes")
    }
    return answer
  }

  // MARK: What it is

  public func identity() throws(DeviceError) -> DeviceIdentity {
    // Nothing says which driver or program makes the state.
    identity(driver: nil)
  }

  public func abilities() throws(DeviceError) -> MigrationAbilities {
    if let knownAbilities { return knownAbilities }
    let request = FeatureRequest(.migration, .get, replyLimit: 16)
    let abilities: MigrationAbilities
    do throws(DeviceError) {
      let payload = try feature(.readAbilities, request, replyByteCount: 8)
      abilities = MigrationAbilities(rawValue: payload.span.raw.little(UInt64.self, at: 0))
    } catch  where Self.isAbsent(error.errno) {
      abilities = []
    }
    knownAbilities = abilities
    return abilities
  }

  /// Whether an errno says that the server has no such command or feature: the specification names
  /// none, libvfio-user answers EINVAL, others ENOTTY, ENOSYS or EOPNOTSUPP.
  private static func isAbsent(_ errno: LinuxErrno) -> Bool {
    [EINVAL, ENOTTY, ENOSYS, EOPNOTSUPP].contains(errno.rawValue)
  }

  public func state() throws(DeviceError) -> MigrationState {
    let request = FeatureRequest(.migrationState, .get, replyLimit: 16)
    let payload = try feature(.readState, request, replyByteCount: 8)
    let number = payload.span.raw.little(UInt32.self, at: 0)
    guard let state = MigrationState(rawValue: number) else {
      throw DeviceError(
        .readState, .protocolError, detail: "expected state 0 to 7, found \(number)")
    }
    lastState = state
    return state
  }

  /// No: the wire has no such requests.
  public var tellsStateSizes: Bool { false }

  /// Not known: the wire has no such request.
  public func stopCopyByteCount() throws(DeviceError) -> UInt64 {
    throw DeviceError(.readStopCopySize, .notSupportedByDriver)
  }

  // MARK: Arcs

  public func transition(
    to target: MigrationState
  ) throws(DeviceError) -> (any MigrationChannel)? {
    let machine = MigrationStateMachine(try abilities())
    let path = machine.path(from: lastState, to: target)
    var writer = ByteWriter(reserving: 8)
    writer.little(target.rawValue)
    // No descriptor: state goes over the connection.
    writer.little(-1 as Int32)
    try feature(
      .transition(MigrationArc(lastState, target)),
      FeatureRequest(.migrationState, .set, writer.bytes), replyByteCount: 0)
    lastState = target
    transitionCount += 1
    if path?.contains(where: \.closesChannel) ?? true { endedSessionCount += 1 }
    guard path?.last?.opensChannel == true else { return nil }
    return VFIOUserChannel(self)
  }

  /// Whether the device runs, and more state may come after a reply that has little.
  var isRunning: Bool { lastState == .preCopy || lastState == .preCopyP2P }

  /// Resets the device, and has it run.
  ///
  /// libvfio-user refuses a reset while the device is stopped, and leaves the migration state as it
  /// is; so what does not run after one is taken to RUNNING, before it or behind it.
  public func reset() throws(DeviceError) {
    endedSessionCount += 1
    do throws(DeviceError) {
      try ask(.reset, .reset)
    } catch  where error.errno == .invalid {
      guard try !abilities().isEmpty, try state() != .running else { throw error }
      _ = try transition(to: .running)
      try ask(.reset, .reset)
    }
    guard try !abilities().isEmpty else { return }
    if try state() != .running { _ = try transition(to: .running) }
  }
}

/// The state of a device as it goes over the connection to its server.
public final class VFIOUserChannel: MigrationChannel {
  private let device: VFIOUserDevice
  private var position: UInt64 = 0
  // Whether the last reply was shorter than asked for, in the state of the device that it is of.
  private var wasShort = false
  private var transitionCount = 0
  // Of those that ended before this one began.
  private let endedSessionCount: Int

  init(_ device: VFIOUserDevice) {
    self.device = device
    endedSessionCount = device.endedSessionCount
  }

  /// The connection goes on from session to session; what this one is of is over, ENODEV as of the
  /// kernel's drivers.
  private func requireSession(_ operation: DeviceError.Operation) throws(DeviceError) {
    guard endedSessionCount == device.endedSessionCount else {
      throw DeviceError(operation, .noDevice)
    }
  }

  // libvfio-user takes a command with one call, which a socket's buffer of 208 KiB must hold.
  private static let writeByteLimit = 128 << 10

  /// Reads once. While the device runs, a reply that is shorter than asked for ends the round, so
  /// the read behind it gives 0. Once it is stopped, the state ends with a reply of 0 bytes, or,
  /// as the specification has it, with a short one behind which the server refuses to be asked.
  public func read(into span: inout MutableRawSpan) throws(DeviceError) -> Int {
    guard span.byteCount > 0 else { return 0 }
    try requireSession(.readData(at: position))
    if transitionCount != device.transitionCount {
      transitionCount = device.transitionCount
      wasShort = false
    }
    if wasShort, device.isRunning {
      wasShort = false
      return 0
    }
    let count = min(span.byteCount, device.connection.transferByteLimit)
    let data: [UInt8]
    do throws(DeviceError) {
      let answer = try device.ask(
        .readData(at: position),
        .readMigrationData(replyLimit: UInt32(8 + count), byteCount: UInt32(count)))
      guard case .migrationData(let found) = answer else {
        preconditionFailure("it was asked for")
      }
      data = found
    } catch  where wasShort && error.errno == .invalid {
      return 0
    }
    wasShort = data.count < count
    if data.isEmpty { wasShort = false }
    span.copy(data.span.raw)
    position += UInt64(data.count)
    return data.count
  }

  /// Writes from the front of `bytes`, as much as every server takes at once; a server takes all of
  /// a command or nothing.
  public func write(_ bytes: RawSpan) throws(DeviceError) -> Int {
    try requireSession(.writeData(at: position))
    let count = min(bytes.byteCount, Self.writeByteLimit, device.connection.transferByteLimit)
    let data = [UInt8](bytes.extracting(first: count))
    try device.ask(.writeData(at: position), .writeMigrationData(data))
    position += UInt64(count)
    return count
  }

  /// Not known: the wire has no such request.
  public func preCopyInformation() throws(DeviceError) -> PreCopyInformation {
    throw DeviceError(.readPreCopyInformation, .notSupportedByDriver)
  }
}
