public import QEMUStream
public import Transport

/// What passed a relay of a migration of QEMU, and what became of it.
public struct RelayedMigration: Sendable {
  // More than a machine has; a source could name any number.
  private static let mostDevices = 256
  private static let mostObjections = 64

  /// A VFIO device of the migration.
  public struct Device: Sendable {
    /// Its name and instance.
    public let name: RelayedDevice
    /// The bytes of state that came while the machine ran.
    public fileprivate(set) var preCopyByteCount: UInt64 = 0
    /// The bytes of state that came while it stood still, over whichever channel.
    public fileprivate(set) var stopCopyByteCount: UInt64 = 0
    /// What was found of its configuration record; nil if none came, or none was asked for.
    public fileprivate(set) var judgement: RecordJudgement?
    /// What was found of its state; nil if none was to be translated.
    public fileprivate(set) var translation: RelayedTranslation.Outcome?
  }

  /// Why a migration did not go on.
  public enum Failure: Sendable, Hashable {
    /// The stream, which had to be refused or could not be followed where it had to.
    case stream(QEMUStreamError)
    /// A connection.
    case transport(TransportError)
    /// The tunnel to the other relay.
    case tunnel(TunnelError)
    /// The system has no further thread.
    case noThread

    /// The failure in words.
    var text: String {
      switch self {
      case .stream(let error): "\(error)"
      case .transport(let error): "\(error)"
      case .tunnel(let error): "\(error)"
      case .noThread: "the system has no further thread"
      }
    }
  }

  /// The machine; nil if the stream has not told it.
  public private(set) var machine: String?
  /// The connections, by what they carried.
  public private(set) var channelCounts: [RelayedChannel: Int] = [:]
  /// Whether the source has opened the return path.
  public private(set) var hasReturnPath = false
  /// The forms that were seen.
  public private(set) var forms: Set<RelayForm> = []
  /// The devices, in the order in which they came.
  public private(set) var devices: [Device] = []
  /// Whether the stream's description confirmed what footers told; nil without one.
  public private(set) var isConfirmed: Bool?
  /// Why devices had to be refused, or would have been if they were guarded.
  public private(set) var objections: [QEMUStreamError] = []
  /// Why a channel could not be followed any further, though it went on.
  public private(set) var lost: [QEMUStreamError] = []
  /// Whether the destination said that it has loaded everything; nil if it said nothing.
  public internal(set) var hasLoaded: Bool?
  /// Whether the end of the machine's state went on to the destination.
  public private(set) var hasEnded = false
  /// The bytes that went on to the destination's side.
  public internal(set) var byteCount: UInt64 = 0
  /// The bytes that went back.
  public internal(set) var returnedByteCount: UInt64 = 0
  /// From the first connection to the last one's end.
  public internal(set) var duration = Duration.zero
  /// From when the stream said that the machine stands still to when its end went on, or the
  /// migration was ended; nil if it ran.
  public private(set) var downtime: Duration?
  /// What passed the tunnel to another relay; nil without one.
  public internal(set) var tunnel: TunnelTraffic?
  /// Why it did not go on; nil if it came to its end.
  public private(set) var failure: Failure?

  private var stop: ContinuousClock.Instant?

  mutating func add(_ channel: RelayedChannel) {
    channelCounts[channel, default: 0] += 1
    if channel == .multifd { forms.insert(.multifd) }
  }

  mutating func add(_ event: RelayEvent) {
    switch event {
    case .machine(let configuration): machine = configuration.machine
    case .returnPath: hasReturnPath = true
    case .form(let form): forms.insert(form)
    case .device(let device): update(device) { _ in }
    case .state(let device, let byteCount, let isStopCopy):
      update(device) {
        if isStopCopy {
          $0.stopCopyByteCount &+= byteCount
        } else {
          $0.preCopyByteCount &+= byteCount
        }
      }
    case .stopped: stop = .now
    case .held: break
    case .described(let isConfirmed): self.isConfirmed = isConfirmed
    case .ended:
      hasEnded = true
      downtime = stop.map { .now - $0 }
    case .objection(let error):
      if objections.count < Self.mostObjections { objections.append(error) }
    case .lost(let error):
      if lost.count < Self.mostObjections { lost.append(error) }
    }
  }

  mutating func add(_ judgement: RecordJudgement, of device: RelayedDevice) {
    update(device) { $0.judgement = judgement }
  }

  mutating func add(_ outcome: RelayedTranslation.Outcome, of device: RelayedDevice) {
    update(device) { $0.translation = outcome }
  }

  /// Notes the first failure; whatever follows comes of it.
  mutating func fail(_ failure: Failure) {
    guard self.failure == nil else { return }
    self.failure = failure
    if !hasEnded { downtime = stop.map { .now - $0 } }
  }

  private mutating func update(_ name: RelayedDevice, _ body: (inout Device) -> Void) {
    if let index = devices.firstIndex(where: { $0.name == name }) {
      body(&devices[index])
    } else if devices.count < Self.mostDevices {
      devices.append(Device(name: name))
      body(&devices[devices.count - 1])
    }
  }
}

/// What a connection of a migration carries, told by its first byte.
public enum RelayedChannel: String, Sendable, Hashable, CaseIterable {
  /// The stream of the machine, and the return path.
  case main
  /// Memory and device state beside it.
  case multifd
  /// Nothing that can be looked into.
  case opaque

  /// The first byte of QEMU's magic numbers (migration/savevm.h, migration/multifd.h).
  init(firstByte: UInt8) {
    switch firstByte {
    case 0x51: self = .main
    case 0x11: self = .multifd
    default: self = .opaque
    }
  }
}
