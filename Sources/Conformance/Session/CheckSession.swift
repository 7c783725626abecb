import ByteIO
import Devices
import MigrationStream

/// A device in the hands of a check: every call is logged, timed, and known for what it does to the
/// device.
final class CheckSession {
  let opener: any DeviceOpener
  let options: ConformanceOptions
  private let clock: any MigrationClock

  /// Nil while the device is closed.
  private(set) var device: (any MigratableDevice)?
  /// What the driver said that it can do, when the device was first opened.
  private(set) var abilities: MigrationAbilities = []
  private(set) var driver: String?
  /// The device's state as it was found, as STOP_COPY hands it out; nil if it cannot be kept.
  private(set) var saved: [UInt8]?
  /// Why there is no saved state.
  private(set) var unsavedReason = "the device's state was not asked for"

  var random: SeededGenerator
  private(set) var findings: [Finding] = []
  private(set) var log = CallLog()
  /// Why the device can be asked nothing more; nil while it answers.
  private(set) var loss: String?
  /// The data channel that was handed out last, so that it stays open as long as its state.
  private(set) var channel: (any MigrationChannel)?
  /// The bytes written since RESUMING was entered.
  var writtenByteCount: UInt64 = 0
  /// Whether data channels of the device can be polled.
  private(set) var canPoll = false
  /// Whether the device may hold another guest's state than it was found with.
  private(set) var isContentTouched = false

  /// Why the device has another state than the one that it was found with; nil if it has that.
  private(set) var change: String?

  /// How long the device was in each state.
  private(set) var timeInStates: [MigrationState: Duration] = [:]
  /// The longest that each single step took.
  private(set) var arcTimes: [MigrationArc: Duration] = [:]
  // Where the device was last seen, and since when.
  private var place: (state: MigrationState, since: Duration)?

  init(_ opener: any DeviceOpener, _ options: ConformanceOptions, _ clock: any MigrationClock) {
    self.opener = opener
    self.options = options
    self.clock = clock
    random = SeededGenerator(seed: options.seed)
  }

  /// Whether the driver says that the device logs where it writes.
  var logsDMA: Bool {
    device is any DMADevice
      && (device as? any FeatureDevice)?.has(.startDMALogging, for: .set) ?? false
  }

  var machine: MigrationStateMachine { MigrationStateMachine(abilities) }

  /// The states that can be asked for.
  var states: [MigrationState] { MigrationState.allCases.filter(machine.supports) }

  // MARK: Opening

  /// Opens the device.
  func open() throws(DeviceError) {
    device = try logged("open \(opener.name)") { () throws(DeviceError) in try opener.open() }
  }

  /// Lets go of the device, as a user does who goes away.
  func close() {
    guard let device else { return }
    self.device = nil
    channel = nil
    place = nil
    opener.close(device)
    log.add("close \(opener.name)")
    // A driver may reset the device then, or when it is opened again.
    isContentTouched = true
  }

  /// Asks nothing more of the device, for this reason.
  func lose(_ reason: String) {
    loss = reason
    (device, channel) = (nil, nil)
    arrive(in: nil)
  }

  /// Opens the device for the first time, asks it what it is, and keeps its state; gives it the
  /// state `found` if it was found with another.
  func introduce(having found: [UInt8]? = nil) throws(DeviceError) {
    try ask()
    guard let found, loss == nil else { return }
    (saved, isContentTouched) = (found, true)
    restore()
  }

  private func ask() throws(DeviceError) {
    try open()
    abilities = try asking("FEATURE MIGRATION") { (device) throws(DeviceError) in
      try device.abilities()
    }
    driver = try? device?.identity().driver
    guard abilities.contains(.stopCopy) else { return }
    do throws(DeviceError) {
      let found = try state()
      guard found == .running else {
        unsavedReason = "the device was found in \(found)"
        return
      }
      let channel = try entering(.stopCopy)
      canPoll = channel is any PolledChannel
      saved = try drain(channel, limit: options.stateByteLimit)
      if saved == nil {
        unsavedReason = "the state has more than \(options.stateByteLimit) bytes"
      }
      try leave(to: .running)
    } catch {
      saved = nil
      unsavedReason = "the device's state could not be saved: \(error)"
    }
    settle()
  }

  // MARK: Calls

  /// Makes a call and notes it with its answer.
  func logged<Result>(
    _ call: String, _ body: () throws(DeviceError) -> Result
  ) throws(DeviceError) -> Result {
    do throws(DeviceError) {
      let result = try body()
      log.add(Self.text(of: result).map { "\(call): \($0)" } ?? call)
      return result
    } catch {
      log.add("\(call): \(error.errno.symbol)")
      throw error
    }
  }

  private static func text<Result>(of answer: Result) -> String? {
    switch answer {
    case is Void, is any MigratableDevice: nil
    case let bytes as [UInt8]: "\(bytes.count) bytes"
    case let left as PreCopyInformation:
      "initial_bytes \(left.initialByteCount), dirty_bytes \(left.dirtyByteCount)"
        + (left.isReinitialized ? ", REINIT" : "")
    default: "\(answer)"
    }
  }

  /// Asks the open device.
  func asking<Result>(
    _ call: String, _ body: (any MigratableDevice) throws(DeviceError) -> Result
  ) throws(DeviceError) -> Result {
    guard let device else { throw DeviceError(.open(opener.name), .noDevice) }
    return try logged(call) { () throws(DeviceError) in try body(device) }
  }

  func state() throws(DeviceError) -> MigrationState {
    let state = try asking("GET MIG_DEVICE_STATE") { (device) throws(DeviceError) in
      try device.state()
    }
    arrive(in: state)
    return state
  }

  /// Asks for a state; the data channel that came with it.
  func set(_ target: MigrationState) throws(DeviceError) -> (any MigrationChannel)? {
    guard let device else { throw DeviceError(.open(opener.name), .noDevice) }
    let (call, from, start) = ("SET MIG_DEVICE_STATE \(target)", place?.state, clock.now)
    if target == .resuming { (isContentTouched, writtenByteCount) = (true, 0) }
    do throws(DeviceError) {
      let channel = try device.transition(to: target)
      log.add("\(call): \(channel == nil ? "no data_fd" : "a data_fd")")
      if let from {
        let arc = MigrationArc(from, target)
        arcTimes[arc] = max(arcTimes[arc] ?? .zero, clock.now - start)
      }
      arrive(in: target)
      if let channel { self.channel = channel }
      return channel
    } catch {
      log.add("\(call): \(error.errno.symbol)")
      // Where it is now only the driver knows.
      arrive(in: nil)
      throw error
    }
  }

  private func arrive(in state: MigrationState?) {
    let now = clock.now
    if let place { timeInStates[place.state, default: .zero] += now - place.since }
    place = state.map { ($0, now) }
  }

  func reset() throws(DeviceError) {
    isContentTouched = true
    try asking("RESET") { (device) throws(DeviceError) in try device.reset() }
    channel = nil
    arrive(in: nil)
  }

  func stopCopyByteCount() throws(DeviceError) -> UInt64 {
    try asking("GET MIG_DATA_SIZE") { (device) throws(DeviceError) in
      try device.stopCopyByteCount()
    }
  }

  // MARK: Findings

  /// Notes a finding if the answer is not the one expected; returns whether it is.
  @discardableResult
  func expect(
    _ isExpected: Bool, _ asked: String, _ expected: String, found: @autoclosure () -> String
  ) -> Bool {
    guard !isExpected else { return true }
    findings.append(
      Finding(asked: asked, expected: expected, found: found(), calls: log.lines))
    return false
  }

  /// Runs one part of a check on a device that runs, and has it run again afterwards. A call that
  /// was refused though the part did not expect it is a finding.
  func trial(_ asked: String, _ body: () throws(DeviceError) -> Void) {
    guard loss == nil, findings.count < options.findingLimit else { return }
    do throws(DeviceError) {
      try body()
    } catch {
      expect(false, asked, "an answer without an error", found: "\(error)")
    }
    settle()
  }

  /// Has the device run and forgets the calls; notes the loss if it cannot be had.
  func settle() {
    defer { log.removeAll() }
    guard loss == nil else { return }
    do throws(DeviceError) {
      if device == nil { try open() }
      switch try state() {
      case .running: break
      case .error: try reset()
      case .resuming:
        // To abort RESUMING the device must be reset, unless it can still have a whole state.
        if let saved, let channel, writtenByteCount == 0 {
          do throws(DeviceError) {
            try write(saved, to: channel)
            try leave(to: .running)
          } catch { try reset() }
        } else {
          try reset()
        }
      default:
        do throws(DeviceError) { try leave(to: .running) } catch { try reset() }
      }
      channel = nil
      if try state() != .running { try reset() }
      let now = try state()
      guard now != .running else { return }
      loss = "it stays in \(now) after a reset"
    } catch {
      loss = "\(error)"
    }
    expect(
      false, "the device after the check", "that it can be brought to RUNNING",
      found: loss ?? "")
  }

  // MARK: One check after the other

  /// Forgets the check before, and draws as if this one were alone.
  func begin(_ name: String) {
    findings = []
    log.removeAll()
    let salt = name.utf8.reduce(0xcbf2_9ce4_8422_2325 as UInt64) {
      ($0 ^ UInt64($1)) &* 0x100_0000_01b3
    }
    random = SeededGenerator(seed: options.seed ^ salt)
  }

  /// Gives the device the state that it was found with, if a check may have changed it, and sees
  /// whether it has it.
  func restore() {
    guard isContentTouched, loss == nil, !abilities.isEmpty else { return }
    guard let saved else {
      change = unsavedReason
      return
    }
    do throws(DeviceError) {
      try load(saved)
      change = StateComparison(saved, try save(), driver: driver).difference
      try leave(to: .running)
      isContentTouched = change != nil
    } catch {
      change = "\(error)"
    }
    settle()
  }
}
