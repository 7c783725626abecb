import Devices
import MigrationStream
import StateTranslation
import VirtualPCI

/// A target of a replay and what happened to it.
final class ReplayLane: EngineLane {
  let session: DeviceSession
  let introduction: DeviceIntroduction
  /// What the guest is shown from now on; nil for what the stream says.
  private let profile: ProfileLayout?
  private let guestSpaceServer: (any GuestSpaceServer)?
  /// What the guest saw before it was shown something else.
  private var spaceBefore: ConfigSpaceState?
  /// The bytes of state that it took.
  var byteCount: UInt64 = 0
  private(set) var stage = ReplayStage.held
  private var bindings: (any PASIDDevice)?
  private var attached: [UInt32] = []
  private var registers: [ReplaySummary.RestoredRegister] = []
  // What the written registers held before, for who takes them back.
  private var overwritten: [GuestRegister] = []

  init(
    _ session: DeviceSession, _ introduction: DeviceIntroduction,
    target: ReplayTarget
  ) {
    self.session = session
    self.introduction = introduction
    profile = target.profile
    guestSpaceServer = target.guestSpaceServer
  }

  /// What the guest saw, for a server that is to show it again; throws if it shows another profile.
  func spaceToShow() throws(DeviceError) -> ConfigSpaceState? {
    guard let guestSpaceServer, let record = introduction.configuration,
      let wanted = ConfigSpaceState(record)
    else { return nil }
    let operation = DeviceError.Operation.writeConfiguration(at: 0)
    let shown = try guestSpaceServer.guestSpace()
    guard let digest = wanted.profileDigest, digest == shown?.profileDigest else {
      throw DeviceError(
        operation, .invalid,
        detail: "expected a server that shows the profile \(wanted.profileName ?? "of the stream") "
          + "(\(wanted.profileDigest ?? "without a digest")), found "
          + (shown.map { "\($0.profileName ?? "one") (\($0.profileDigest ?? "no digest"))" }
            ?? "one that shows the device's own space"))
    }
    return wanted
  }

  /// The space of the profile that takes the place of the stream's, on this device, which reads
  /// `region`.
  func shownSpace(_ region: [UInt8]) throws(DeviceError) -> ConfigSpaceState? {
    guard let profile else { return nil }
    return try? ConfigSpaceState(profile, on: try session.device.hostFunction(reading: region))
  }

  /// Goes on to the stage that a step leads to, which must lead on from here.
  func take(_ step: ReplayStage.Step) {
    guard let next = stage.next(step) else {
      preconditionFailure("\(step) does not lead on from \(stage)")
    }
    stage = next
  }

  /// Attaches the address spaces that the stream's device had, with their PASIDs.
  func attachBindings() throws(DeviceError) {
    guard let table = introduction.pasids, let first = table.domains.first else { return }
    guard let device = session.device as? any PASIDDevice else {
      throw DeviceError(.allocateDomain(first.id), .notSupported)
    }
    try device.allocate(table.domains)
    bindings = device
    for binding in table.bindings {
      try device.attach(binding)
      attached.append(binding.pasid)
    }
  }

  /// Writes the registers of the stream's device that a guest programmed and the target has
  /// otherwise.
  func restoreRegisters() throws(DeviceError) {
    if let guestSpaceServer, let wanted = try spaceToShow() {
      spaceBefore = try guestSpaceServer.guestSpace()
      return try guestSpaceServer.restore(wanted)
    }
    guard let record = introduction.configuration,
      let device = session.device as? any ConfigurableDevice
    else { return }
    let before = try device.configurationSpace()
    let wanted = GuestRegister.differences(
      from: record, to: before, shown: try shownSpace(before))
    guard !wanted.isEmpty else { return }
    for register in wanted {
      overwritten.append(register.holding(before))
      try register.write(to: device)
    }
    let after = try device.configurationSpace()
    registers = wanted.map {
      ReplaySummary.RestoredRegister(register: $0, droppedBits: $0.droppedBits(in: after))
    }
  }

  /// Ends the target's part by a step that cannot fail, and sums up.
  func end(by step: ReplayStage.Step) -> ReplaySummary.Device {
    take(step)
    let outcome: DeviceOutcome =
      switch stage {
      case .restored: .restored
      case .stopped: .stopped
      case .held, .loading, .loaded, .unchanged, .aborted: .runningAsBefore
      }
    return ReplaySummary.Device(
      number: session.number, name: session.device.name, byteCount: byteCount,
      bindingCount: attached.count, timeInStates: session.timeInStates,
      wasReset: session.wasReset, outcome: outcome, registers: registers,
      interrupts: introduction.interrupts)
  }

  /// Takes back what can be taken back; how the device is then.
  func abort() -> DeviceOutcome {
    let keepsState = stage.keepsState && !session.wasReset
    take(.abort)
    var failure: DeviceError?
    for register in overwritten.reversed() {
      guard let device = session.device as? any ConfigurableDevice else { break }
      do throws(DeviceError) {
        try register.write(to: device)
      } catch {
        failure = error
      }
    }
    if let spaceBefore {
      do throws(DeviceError) {
        try guestSpaceServer?.restore(spaceBefore)
      } catch {
        failure = error
      }
    }
    for pasid in attached.reversed() { try? bindings?.detach(pasid: pasid) }
    bindings?.releaseDomains()
    if !session.abilities.isEmpty {
      guard keepsState else { return session.reset() }
      if case .unusable = session.returnToRunning() { return session.reset() }
    }
    return failure.map { .unusable(try? session.device.state(), $0) } ?? .runningAsBefore
  }

  /// Writes `bytes` of state, however little the driver takes at a time.
  func write(_ bytes: RawSpan) throws(DeviceError) {
    var rest = bytes
    while rest.byteCount > 0 {
      let operation = DeviceError.Operation.writeData(at: byteCount)
      guard let channel = session.channel else {
        throw DeviceError(operation, .badDescriptor)
      }
      let count: Int
      do throws(DeviceError) {
        count = try channel.write(rest)
      } catch {
        throw error.at(operation)
      }
      // A driver that takes nothing and says nothing.
      guard (1...rest.byteCount).contains(count) else {
        throw DeviceError(operation, .inputOutput)
      }
      byteCount += UInt64(count)
      rest = rest.extracting(droppingFirst: count)
    }
  }
}
