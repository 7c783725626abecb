import ByteIO
import Devices
import MigrationStream
import PCIConfig
public import StateLayout
public import StateTranslation
import VirtualPCI

/// Holds what a stream says of a device against a target, and changes nothing.
struct CompatibilityCheck {
  let wanted: DeviceIntroduction
  let device: any MigratableDevice
  let profile: ProfileLayout?
  let judgement: StateJudgement?
  let options: ReplayOptions
  var report: CompatibilityReport
  /// What is known of the device, once it was asked.
  var facts: DeviceFacts?
  /// Whoever shows the guest its configuration space.
  var guestSpaceServer: (any GuestSpaceServer)?

  private var identity = DeviceIdentity()
  private var number: UInt16 { wanted.number }
  private var parts: ReplayParts { options.parts }

  init(
    wanted: DeviceIntroduction, device: any MigratableDevice, profile: ProfileLayout?,
    judgement: StateJudgement?, options: ReplayOptions,
    report: CompatibilityReport = CompatibilityReport()
  ) {
    self.wanted = wanted
    self.device = device
    self.profile = profile
    self.judgement = judgement
    self.options = options
    self.report = report
  }

  mutating func run() throws(DeviceError) {
    if parts.contains(.state) { try checkAbilities() }
    if !parts.isDisjoint(with: [.state, .configuration]) {
      identity = try device.identity()
      facts = device.facts(of: identity, configuration: nil)
      if parts.contains(.state) {
        checkCircumstances()
        try runOnState()
      }
      checkIdentity()
      try checkConfiguration()
    }
    if let count = wanted.interrupts?.msix?.vectorCount,
      let found = try device.knownFacts().msixVectorCount, found < count, profile == nil
    {
      report.add(
        number, "interrupts", wanted: "\(count) MSI-X vectors", found: "\(found)")
    }
    if let interrupts = wanted.interrupts, interrupts.isProgrammed {
      report.add(
        number, "interrupts", wanted: "\(interrupts)",
        found: "no driver that takes them, so they are not restored; the VMM programs them again",
        severity: .note)
    }
    if parts.contains(.bindings), let table = wanted.pasids, !table.domains.isEmpty {
      report.hold(table, of: number, against: try device.pasidAbilities())
    }
  }

  /// Holds the state against what was judged of it.
  mutating func runOnState() throws(DeviceError) {
    checkState()
    try findWayOut()
  }

  /// State that was taken while the guest ran is no part of a machine that could go on.
  private mutating func checkCircumstances() {
    guard wanted.identity.circumstances?.contains(.guestRan) == true else { return }
    report.add(
      number, "state", wanted: "one that was taken while its guest was paused",
      found: "one that was taken while it ran, so that its memory does not fit the state",
      severity: options.allowsUnsoundState ? .note : .incompatible, in: .stream)
  }

  private mutating func checkAbilities() throws(DeviceError) {
    let abilities = try device.abilities()
    guard !abilities.contains(.stopCopy) else { return }
    report.add(
      number, "migration", wanted: "a driver that can take state (STOP_COPY)",
      found: "abilities: \(abilities)")
  }

  private mutating func checkState() {
    // The stream is read once, and its state is judged when it was.
    guard let judgement else { return }
    if let reason = judgement.unjudged {
      report.add(
        number, "state", wanted: "its layout's judgement of it", found: "none: \(reason)",
        severity: .unchecked)
    }
    if let count = judgement.beginningByteCount {
      report.add(
        number, "state", wanted: "its layout's judgement of it",
        found: "that of its first \(count) bytes: \(KeptStates<Never>.limitText)",
        severity: .unchecked)
    }
    if judgement.isMissing {
      report.add(
        number, "state", wanted: "a state of the device, or --only for a part that is there",
        found: "no bytes", severity: .unknown, in: .stream)
    }
    for refusal in judgement.refusals {
      if judgement.isUnsound {
        let place = refusal.field.isEmpty ? "" : "\(refusal.field): "
        report.add(
          number, "state", wanted: "a sound one of the layout \(judgement.layoutNames)",
          found: "one that is not: \(place)expected \(refusal.needed), found \(refusal.found)",
          severity: options.allowsUnsoundState ? .note : .incompatible)
      } else {
        report.add(
          number, refusal.field.isEmpty ? "state" : refusal.field, wanted: refusal.needed,
          found: refusal.found, in: .stream)
      }
    }
    for unchecked in judgement.unchecked {
      report.add(
        number, unchecked.subject, wanted: unchecked.fact,
        found: "\(unchecked.fact) is not known", severity: .unchecked, in: .stream)
    }
  }

  /// Adds the first translation with which the target could take the device.
  private mutating func findWayOut() throws(DeviceError) {
    guard let judgement, let layout = judgement.layout, !judgement.isUnsound else { return }
    for remedy in judgement.remedies {
      var check = CompatibilityCheck(
        wanted: remedy.introduction, device: device, profile: profile,
        judgement: StateJudgement(), options: options)
      try check.run()
      guard check.report.isCompatible else { continue }
      return report.waysOut.append(
        .init(device: number, layout: remedy.layout, losses: remedy.losses, isEnough: true))
    }
    guard !judgement.refusals.isEmpty else { return }
    let taken = facts?.layouts?.last { name in
      Translator.translation(from: layout, to: name) != nil
    }
    if judgement.beginningByteCount == nil {
      return report.waysOut.append(
        .init(device: number, layout: taken ?? layout, losses: [], isEnough: false))
    }
    // What a beginning says against the state may not be all.
    guard let taken, taken != layout else { return }
    report.waysOut.append(.init(device: number, layout: taken, losses: [], isEnough: nil))
  }

  private mutating func checkIdentity() {
    let target = identity
    if let driver = wanted.identity.driver {
      if let other = target.driver, !DeviceIdentity.isSameDriver(driver, other) {
        report.add(number, "driver", wanted: driver, found: other)
      }
    } else {
      report.add(
        number, "driver", wanted: "its name in the stream",
        found: "none, so it is not held "
          + "against \(target.driver ?? "the target's")", severity: .note)
    }
    if let other = target.pci {
      if let pci = wanted.identity.pci ?? wantedPCI {
        check(pci, other)
      } else {
        report.add(
          number, "PCI ids", wanted: "those of the source in the stream",
          found: "none to hold against \(idPair(other.vendorID, other.deviceID))",
          severity: .unchecked)
      }
    }
    // With a profile the guest sees the profile's BARs, which the device is held against.
    for region in wanted.identity.regions where !isProfiled(region) {
      let found = target.regions.first { $0.index == region.index }?.byteCount ?? 0
      guard found != region.byteCount else { continue }
      report.add(
        number, "region \(region.index)", wanted: "\(region.byteCount) bytes",
        found: "\(found) bytes")
    }
  }

  /// The ids of the configuration space, for a stream that has them nowhere else.
  private var wantedPCI: DeviceIdentity.PCIIdentity? {
    guard let physical = wanted.configuration?.physical, let space = try? ConfigSpace(physical),
      space.vendorID != 0xffff
    else { return nil }
    return DeviceIdentity.PCIIdentity(
      vendorID: space.vendorID, deviceID: space.deviceID,
      subsystemVendorID: space.subsystem?.vendor, subsystemID: space.subsystem?.device)
  }

  /// Whether a profile says what the guest sees of the region: a BAR, or the configuration space
  /// (`VFIO_PCI_CONFIG_REGION_INDEX`).
  private func isProfiled(_ region: DeviceIdentity.Region) -> Bool {
    profile != nil && (region.index < 6 || region.index == 7)
  }

  private mutating func check(
    _ pci: DeviceIdentity.PCIIdentity, _ other: DeviceIdentity.PCIIdentity
  ) {
    let ids = [pci, other].map { idPair($0.vendorID, $0.deviceID) }
    if ids[0] != ids[1] { report.add(number, "PCI ids", wanted: ids[0], found: ids[1]) }
    let subsystems = [pci, other].map { id in
      id.subsystemVendorID.map { idPair($0, id.subsystemID ?? 0) }
        ?? "none"
    }
    if subsystems[0] != subsystems[1] {
      report.add(
        number, "subsystem ids", wanted: subsystems[0], found: subsystems[1], severity: .note)
    }
    if let revision = pci.revisionID, let found = other.revisionID, revision != found {
      report.add(
        number, "revision", wanted: hex(revision, digits: 2), found: hex(found, digits: 2),
        severity: .note)
    }
  }

  private mutating func checkConfiguration() throws(DeviceError) {
    if let profile { return try check(profile) }
    if parts.contains(.configuration), let guestSpaceServer,
      let space = wanted.configuration.flatMap(ConfigSpaceState.init)
    {
      return check(space, against: try guestSpaceServer.guestSpace())
    }
    if let name = wanted.configuration?.profileName {
      report.add(
        number, "profile", wanted: name,
        found: "no profile to hold the target against, so its own space is compared; --profile "
          + "gives it", severity: .note)
    }
    guard let physical = wanted.configuration?.physical else { return }
    let found = try device.configurationRegion()
    if found.count != physical.count {
      report.add(
        number, "configuration space", wanted: "\(physical.count) bytes",
        found: "\(found.count) bytes")
    }
    guard let source = try? ConfigSpace(physical), let target = try? ConfigSpace(found) else {
      return
    }
    if let type = source.headerType, let other = target.headerType, type != other {
      report.add(number, "header type", wanted: "\(type)", found: "\(other)")
    }
    let capabilities = target.capabilityList.capabilities
    for capability in source.capabilityList.capabilities {
      let same = capabilities.filter { $0.id == capability.id }
      if same.contains(where: { $0.offset == capability.offset }) { continue }
      guard !same.isEmpty || !device.hiddenCapabilities.contains(capability.id) else {
        report.add(
          number, "capability \(capability.id)",
          wanted: "at 0x\(hex(capability.offset, digits: 2))",
          found: "not known, for the kernel hides it from VFIO's users", severity: .unchecked)
        continue
      }
      report.add(
        number, "capability \(capability.id)", wanted: "at 0x\(hex(capability.offset, digits: 2))",
        found: same.first.map { "at 0x\(hex($0.offset, digits: 2))" } ?? "none")
    }
  }

  /// Holds what the guest saw against what a server shows it, which holds its device against the
  /// profile itself.
  private mutating func check(_ space: ConfigSpaceState, against shown: ConfigSpaceState?) {
    guard space.profileDigest == nil || space.profileDigest != shown?.profileDigest else { return }
    let found = shown.map { $0.profileName ?? "a profile without a name" }
    report.add(
      number, "profile", wanted: space.profileName ?? "one with a digest",
      found: found.map { $0 == space.profileName ? "one of this name with another layout" : $0 }
        ?? "a server that shows the device's own space")
  }

  private mutating func check(_ profile: ProfileLayout) throws(DeviceError) {
    if let digest = wanted.configuration?.profileDigest, digest.sha256 != profile.digest {
      report.add(
        number, "profile",
        wanted: wanted.configuration?.profileName ?? "the one with the digest \(digest)",
        found: "\(profile.profile.name), with another layout, which overrides it", severity: .note)
    }
    let found = try device.check(profile)
    for reason in found.reasons { add(reason, of: profile) }
    for reason in found.unknowns { add(reason, of: profile, severity: .unknown) }
    for reason in found.warnings { add(reason, of: profile, severity: .note) }
  }

  private mutating func add(
    _ reason: CheckReport.Reason, of profile: ProfileLayout,
    severity: CompatibilityReport.Finding.Severity = .incompatible
  ) {
    report.add(
      number, "profile \(profile.profile.name): \(reason.capability): \(reason.field)",
      wanted: reason.wanted, found: reason.found, severity: severity)
  }
}

extension CompatibilityReport {
  /// Holds a translated device against the target that it is for, which is not touched: as a replay
  /// of it would, its state too. Of a device whose translation was refused there is no state.
  ///
  /// - Parameters:
  ///   - device: the device as a stream would have it from now on.
  ///   - source: what is known of the device that the state was taken from.
  ///   - target: the device that shall take it.
  public init<State: StateSource>(
    _ device: TranslatedDevice<State>, from source: DeviceFacts, for target: ReplayTarget
  ) throws(StateJudgement.Failure<State.Failure>) {
    var check = CompatibilityCheck(
      wanted: device.introduction, device: target.device, profile: target.profile,
      judgement: try device.judgement(from: source, for: target), options: ReplayOptions())
    do throws(DeviceError) {
      try check.run()
    } catch {
      throw .device(error)
    }
    self = check.report
  }

  /// Holds nothing but a translated state against the target that it is for.
  ///
  /// - Parameters:
  ///   - outcome: what became of the state.
  ///   - state: the state before.
  ///   - source: what is known of the device that the state was taken from.
  ///   - target: the device that shall take it.
  public init<State: StateSource>(
    _ outcome: Translator.Outcome, of state: State, from source: DeviceFacts,
    for target: ReplayTarget
  ) throws(StateJudgement.Failure<State.Failure>) {
    // Whose state it is nothing says, so that it is taken for one of the target's driver.
    let introduction = DeviceIntroduction(number: target.number)
    var check = CompatibilityCheck(
      wanted: introduction, device: target.device, profile: target.profile,
      judgement: try outcome.state.map { (result) throws(StateJudgement.Failure<State.Failure>) in
        try StateJudgement(
          PayloadSource(result, over: state), of: introduction, for: target, from: source)
      }, options: ReplayOptions())
    do throws(DeviceError) {
      try check.runOnState()
    } catch {
      throw .device(error)
    }
    self = check.report
  }
}

extension TranslatedDevice {
  /// What a target has against the translated state; nil if it was refused.
  fileprivate func judgement(
    from source: DeviceFacts, for target: ReplayTarget
  ) throws(StateJudgement.Failure<State.Failure>) -> StateJudgement? {
    guard let result = outcome.state else { return nil }
    var source = source
    source.driver = source.driver ?? introduction.identity.driver
    source.pci = source.pci ?? DeviceFacts(introduction.identity).pci
    return try StateJudgement(
      PayloadSource(result, over: state), of: introduction, for: target, from: source)
  }
}
