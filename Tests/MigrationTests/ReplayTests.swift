import DeviceTestSupport
import Devices
import EmulatedDevices
import Migration
import MigrationStream
import StateLayout
import TestSupport
import Testing

@Suite struct ReplayTests {
  private func report(
    _ bytes: [UInt8], _ devices: [EmulatedDevice], options: ReplayOptions = ReplayOptions(),
    judgement: StateJudgement? = nil
  ) throws -> CompatibilityReport {
    var source = MemorySource(bytes)
    var engine = ReplayEngine(
      zip(devices, (0 as UInt16)...).map { ReplayTarget($0, number: $1) }, options: options,
      clock: ManualClock())
    engine.targets[0].judgement = judgement
    return try engine.check(&source)
  }

  /// A stream of one device without state, with these bindings and this configuration space.
  private func metadata(_ table: PASIDTable?, physical: [UInt8]? = nil) throws -> [UInt8] {
    var builder = StreamBuilder()
    builder.devices[0].pasids = table
    builder.devices[0].configuration = physical.map { ConfigurationRecord(physical: $0) }
    return try builder.encoded()
  }

  @Test func aMovedStateIsTheSameWhenCapturedAgain() throws {
    let first = StreamBox()
    _ = try capture([try device("emulated:mtty?ports=2&text=hello")], into: first)
    let target = try device("emulated:mtty?ports=2")
    let summary = try replay(first.bytes, onto: [target])
    #expect(summary.devices.map(\.outcome) == [.restored] && summary.byteCount == 96)
    let second = StreamBox()
    _ = try capture([target], into: second)
    #expect(try DecodedStream(first.bytes).states == DecodedStream(second.bytes).states)
  }

  @Test(arguments: [true, false])
  func aTargetTakesTheArcsOfItsDriver(hasP2P: Bool) throws {
    let p2p = hasP2P ? "yes" : "no"
    let bytes = try stream(of: "emulated:synthetic?size=64KiB&p2p=\(p2p)")
    let target = try device("emulated:synthetic?size=64KiB&p2p=\(p2p)")
    _ = try replay(bytes, onto: [target])
    let arcs = target.arcs.map { "\($0.to)" }.joined(separator: " ")
    #expect(
      arcs
        == (hasP2P
          ? "RUNNING_P2P STOP RESUMING STOP RUNNING_P2P RUNNING" : "STOP RESUMING STOP RUNNING"))
  }

  @Test func progressSaysWhatIsDone() throws {
    let bytes = try stream(of: "emulated:synthetic?size=1MiB")
    var phases: [ReplayProgress.Phase] = []
    var last: UInt64 = 0
    func note(_ progress: ReplayProgress) {
      if phases.last != progress.phase { phases.append(progress.phase) }
      last = progress.byteCount
    }
    let summary = try replay(bytes, onto: [try device("emulated:synthetic?size=1MiB")]) {
      $0.progress = note
    }
    #expect(phases == [.checking, .verifying, .writing] && last == summary.byteCount)
    phases = []
    var engine = ReplayEngine(
      [ReplayTarget(try device("emulated:synthetic?size=1MiB"), number: 0)], clock: ManualClock())
    engine.progress = note
    var source = MemorySource(bytes)
    _ = try engine.check(&source)
    #expect(phases == [.checking, .verifying] && last == summary.byteCount)
  }

  @Test func interruptsOfTheGuestAreNotedAndHandedOn() throws {
    let interrupts = InterruptState(
      assertedPins: 1,
      msix: .init(
        control: 0x8000, table: [UInt8](repeating: 1, count: 48), pendingBits: [0]))
    let box = StreamBox()
    _ = try capture([try device("emulated:mtty?ports=2"), device("emulated:mtty")], into: box) {
      $0.sources[0].interrupts = interrupts
      $0.options.allowsMissingP2P = true
    }
    var options = ReplayOptions()
    options.allowsMissingP2P = true
    let summary = try replay(
      box.bytes, onto: [try device("emulated:mtty?ports=2"), device("emulated:mtty")],
      options: options)
    #expect(summary.devices.map(\.interrupts) == [interrupts, nil])
    let notes = summary.report.findings.filter { $0.subject == "interrupts" }
    #expect(notes.map(\.device) == [0] && notes.map(\.severity) == [.note])
    #expect(notes.map(\.wanted) == ["3 MSI-X vectors, INTA"])
  }

  @Test func leavingStopped() throws {
    let target = try device("emulated:mtty?ports=2")
    let prepared = try prepare(try stream(of: "emulated:mtty?ports=2&text=hello"), onto: [target])
    let summary = prepared.leaveStopped()
    #expect(target.now == .stop && summary.devices.map(\.outcome) == [.stopped])
    #expect(target.serial?.image == (try Corpus.bytes("mtty/mtty2-5.state")))
  }

  @Test func checkingTouchesNothingAndReadsAll() throws {
    let bytes = try stream(of: "emulated:mtty?ports=2&text=hello")
    let target = try device("emulated:mtty?ports=2")
    #expect(try report(bytes, [target]) == CompatibilityReport())
    #expect(throws: ReplayError<StreamError>.self) { try report(Array(bytes.dropLast()), [target]) }
    #expect(target.arcs.isEmpty && target.resetCount == 0)
  }

  @Test func everyReasonIsNamed() throws {
    let bytes = try stream(of: "emulated:mtty?ports=2&text=hello")
    let target = try device("emulated:synthetic?size=64KiB&migration=no")
    let subjects = try report(bytes, [target]).findings.map(\.subject)
    for subject in [
      "migration", "driver", "PCI ids", "region 0", "region 1", "region 7", "configuration space",
    ] {
      #expect(subjects.contains(subject))
    }
    #expect {
      try replay(bytes, onto: [target])
    } throws: { error in
      guard let error = error as? ReplayError<StreamError>,
        case .incompatible(let report) = error.cause
      else { return false }
      return !report.isCompatible && error.outcomes.isEmpty
    }
  }

  @Test func anotherPortCountIsFoundBeforeAnythingIsTouched() throws {
    let target = try device("emulated:mtty?ports=1&text=old")
    let found = try report(try stream(of: "emulated:mtty?ports=2"), [target])
    #expect(
      found.description == """
        device 0: header.nr_ports: found 2; needed 1
        device 0: ports[1]: found 36 bytes, as after a reset; needed none
        device 0: region 1: wanted 8 bytes, found 0 bytes
        """)
    #expect(found.verdict == .cannot && found.waysOut.map(\.isEnough) == [false])
  }

  @Test func stateThatIsUnsoundIsRefusedUnlessAllowed() throws {
    let bytes = try stream(of: "emulated:mtty?text=hello")
    let target = try device("emulated:mtty?text=old")
    let unsound = try StateJudgement(
      StateBytes(Array(Corpus.bytes("mtty/mtty1-3.state").prefix(50))),
      of: DeviceIntroduction(number: 0), for: ReplayTarget(target, number: 0))
    let before = target.serial?.image
    #expect(
      try report(bytes, [target], judgement: unsound).description.hasPrefix(
        "device 0: state: wanted a sound one of the layout mtty, found one that is not: ports[0]"))
    #expect(throws: ReplayError<StreamError>.self) {
      _ = try replay(bytes, onto: [target]) { $0.targets[0].judgement = unsound }
    }
    #expect(target.serial?.image == before && target.resetCount == 0)
    var options = ReplayOptions()
    options.allowsUnsoundState = true
    let allowed = try report(bytes, [target], options: options, judgement: unsound)
    #expect(allowed.isCompatible && Set(allowed.findings.map(\.severity)) == [.note])
    options = ReplayOptions()
    options.parts = .configuration
    #expect(try report(bytes, [target], options: options, judgement: unsound).findings == [])
    #expect(try report(bytes, [target]).findings == [])
  }

  @Test func devicesAndTargetsMustMeet() throws {
    let one = try stream(of: "emulated:mtty")
    let two = try stream(of: "emulated:mtty", "emulated:mtty")
    #expect(try report(two, [try device("emulated:mtty")]).findings.map(\.subject) == ["target"])
    #expect(
      try report(one, [try device("emulated:mtty"), try device("emulated:mtty")]).findings.map(
        \.subject)
        == ["stream"])
  }

  @Test func severalWithoutP2PAreRefusedUnlessAllowed() throws {
    let uri = "emulated:synthetic?size=64KiB"
    let bytes = try stream(of: uri, uri)
    let targets = try [uri + "&p2p=no", uri].map(device)
    let found = try report(bytes, targets).findings
    #expect(found.filter { $0.severity != .unchecked }.map(\.subject) == ["several devices"])
    var options = ReplayOptions()
    options.allowsMissingP2P = true
    #expect(try replay(bytes, onto: targets, options: options).devices.count == 2)
  }

  @Test(arguments: [MigrationState.stop, .stopCopy, .resuming, .preCopy, .runningP2P])
  func whatAnotherLeftIsResetFirst(state: MigrationState) throws {
    let target = try device("emulated:mtty?ports=2&text=old")
    _ = try target.transition(to: state)
    target.abandon()
    let bytes = try stream(of: "emulated:mtty?ports=2&text=hello")
    #expect(try report(bytes, [target]).isCompatible)
    #expect(target.now == state)
    let summary = try replay(bytes, onto: [target])
    #expect(target.resetCount == 1 && summary.devices[0].wasReset)
    #expect(target.serial?.image == (try Corpus.bytes("mtty/mtty2-5.state")))
  }

  @Test func aDeviceInErrorIsResetFirst() throws {
    let target = try device("emulated:mtty?ports=2")
    target.fail()
    _ = try replay(try stream(of: "emulated:mtty?ports=2&text=hello"), onto: [target])
    #expect(target.now == .running && target.resetCount == 1)
  }

  // MARK: Bindings

  private static let table = PASIDTable(
    domains: [.init(id: 0), .init(id: 4, kind: .nested(dataType: 1, data: [1]), faults: .queue)],
    bindings: [.init(pasid: 1, domain: 0, permissions: [.execute]), .init(pasid: 900, domain: 4)])

  @Test func bindingsComeBeforeState() throws {
    let box = StreamBox()
    let source = try device("emulated:synthetic?size=64KiB")
    _ = try capture([source], into: box) { $0.sources[0].pasids = Self.table }
    let target = try device("emulated:synthetic?size=64KiB")
    var events: [EmulatedDevice.Event] = []
    target.observe = { events.append($0) }
    let summary = try replay(box.bytes, onto: [target])
    #expect(events.first == .attach(pasid: 1) && events.dropFirst().first == .attach(pasid: 900))
    #expect(target.attachments == [1: 0, 900: 4] && target.domains.count == 2)
    #expect(summary.devices[0].bindingCount == 2)
  }

  @Test func bindingsAreTakenBackInReverse() throws {
    let box = StreamBox()
    _ = try capture([try device("emulated:synthetic?size=64KiB")], into: box) {
      $0.sources[0].pasids = Self.table
    }
    for fault in ["STOP-RESUMING:EIO", "100:EIO", "RESUMING-STOP:EINVAL"] {
      let target = try device("emulated:synthetic?size=64KiB&fail=\(fault)")
      var events: [EmulatedDevice.Event] = []
      target.observe = { events.append($0) }
      #expect(throws: ReplayError<StreamError>.self) { try replay(box.bytes, onto: [target]) }
      #expect(
        events.filter { if case .detach = $0 { true } else { false } } == [
          .detach(pasid: 900), .detach(pasid: 1),
        ])
      #expect(target.attachments.isEmpty && target.domains.isEmpty)
    }
  }

  @Test func bindingsAloneNeedNoMigration() throws {
    let target = try device("emulated:synthetic?size=64KiB&migration=no")
    var options = ReplayOptions()
    options.parts = .bindings
    let summary = try replay(try metadata(Self.table), onto: [target], options: options)
    #expect(target.attachments == [1: 0, 900: 4] && target.arcs.isEmpty)
    #expect(summary.devices.map(\.outcome) == [.runningAsBefore])
  }

  @Test func bindingsOfATornStreamAreNotAttached() throws {
    let target = try device("emulated:synthetic?size=64KiB")
    var options = ReplayOptions()
    options.parts = .bindings
    let bytes = try metadata(Self.table)
    #expect(throws: ReplayError<StreamError>.self) {
      try replay(Array(bytes.dropLast()), onto: [target], options: options)
    }
    #expect(target.attachments.isEmpty)
  }

  @Test func whatAnIOMMULacksIsNamed() throws {
    var options = ReplayOptions()
    options.parts = .bindings
    let none = try report(try metadata(Self.table), [try device("emulated:mtty")], options: options)
    #expect(none.findings.map(\.subject) == ["PASID bindings"])
    let narrow = try report(
      try metadata(Self.table), [try device("emulated:synthetic?pasid-width=8")], options: options)
    #expect(narrow.description == "device 0: PASID 900: wanted PASIDs that wide, found 8 bits")
    let zero = PASIDTable(
      domains: [.init(id: 0), .init(id: 1, kind: .nested(dataType: 2, data: []))],
      bindings: [.init(pasid: 0, domain: 0)])
    let other = try report(try metadata(zero), [try device("emulated:synthetic")], options: options)
    #expect(other.findings.map(\.subject) == ["PASID 0", "domain 1"])
  }

  /// What the restore allocates the check must have looked at.
  @Test(arguments: [
    PASIDTable.Domain.Kind.addressSpace, .nested(dataType: 1, data: [1]),
  ])
  func domainsWithoutBindingsAreChecked(kind: PASIDTable.Domain.Kind) throws {
    var options = ReplayOptions()
    options.parts = .bindings
    let bytes = try metadata(PASIDTable(domains: [.init(id: 0, kind: kind)]))
    let target = try device("emulated:synthetic?pasid-width=0")
    let none = try report(bytes, [target], options: options)
    #expect(none.findings.map(\.subject) == ["PASID bindings"])
    #expect(throws: ReplayError<StreamError>.self) {
      try replay(bytes, onto: [target], options: options)
    }
    let able = try device("emulated:synthetic")
    #expect(try report(bytes, [able], options: options).isCompatible)
    _ = try replay(bytes, onto: [able], options: options)
    #expect(able.domains.count == 1)
  }

  // MARK: The guest's registers

  @Test func guestRegistersComeBackAndADroppedBitIsSaid() throws {
    let source = try device("emulated:synthetic?size=64KiB")
    // Device Control with phantom functions, Device Control 2 with a reserved bit that the target
    // does not keep, AER mask.
    try source.writeConfiguration([0x3f, 0x2b], at: 0x48)
    try source.writeConfiguration([0x20, 0x04], at: 0x68)
    try source.writeConfiguration([0x00, 0x10], at: 0x108)
    let box = StreamBox()
    _ = try capture([source], into: box)
    let target = try device("emulated:synthetic?size=64KiB")
    let summary = try replay(box.bytes, onto: [target])
    let space = try target.configurationSpace()
    #expect(Array(space[0x48...0x49]) == [0x3f, 0x29])
    #expect(Array(space[0x68...0x69]) == [0x00, 0x04])
    #expect(Array(space[0x108...0x109]) == [0x00, 0x10])
    #expect(
      summary.devices[0].registers.map(\.register.name) == [
        "Device Control", "Device Control 2", "AER Uncorrectable Error Mask",
      ])
    #expect(summary.devices[0].registers.allSatisfy { $0.droppedBits == 0 })
  }

  @Test func registersAloneLeaveTheDeviceRunning() throws {
    var physical = try device("emulated:synthetic").configurationSpace()
    physical[0x68] = 0x10
    physical[0x69] = 0xf0
    let target = try device("emulated:synthetic")
    var options = ReplayOptions()
    options.parts = .configuration
    let summary = try replay(
      try metadata(nil, physical: physical), onto: [target], options: options)
    #expect(target.arcs.isEmpty)
    let register = try #require(summary.devices[0].registers.first)
    #expect(register.register.name == "Device Control 2" && register.droppedBits == 0xf000)
    #expect(try target.configurationSpace()[0x68] == 0x10)
  }
}
