import DeviceTestSupport
import Devices
import EmulatedDevices
import Migration
import MigrationStream
import TestSupport
import Testing

/// A replay in two phases: targets that hold everything and wait, and the word that ends it.
@Suite struct PreparedReplayTests {
  private static let sources = [
    "emulated:mtty?ports=2&text=hello", "emulated:synthetic?size=64KiB&p2p=no",
    "emulated:synthetic?size=64KiB",
  ]

  private func target(for source: String) throws -> EmulatedDevice {
    try device(source.hasPrefix("emulated:mtty") ? "emulated:mtty?ports=2" : source + "&seed=5")
  }

  @Test(arguments: sources)
  func preparedTargetsAreStoppedWithTheStateOfTheStream(source: String) throws {
    let target = try target(for: source)
    let prepared = try prepare(try stream(of: source), onto: [target])
    let content = try device(source).content
    #expect(target.now == .stop && target.content == content)
    #expect(target.arcs.last == MigrationArc(.resuming, .stop))
    let summary = try prepared.commit()
    #expect(target.now == .running && summary.devices.map(\.outcome) == [.restored])
    #expect(target.resetCount == 0)
  }

  @Test(arguments: sources)
  func abortingResetsThem(source: String) throws {
    let target = try target(for: source)
    let prepared = try prepare(try stream(of: source), onto: [target])
    #expect(prepared.abort() == [0: .reset])
    #expect(target.now == .running && target.resetCount == 1)
  }

  @Test(arguments: sources)
  func goingWithoutAWordAborts(source: String) throws {
    let target = try target(for: source)
    _ = try prepare(try stream(of: source), onto: [target])
    #expect(target.now == .running && target.resetCount == 1)
  }

  @Test(arguments: sources)
  func afterAWordNothingIsTakenBack(source: String) throws {
    let bytes = try stream(of: source)
    for leaves in [true, false] {
      let target = try target(for: source)
      let prepared = try prepare(bytes, onto: [target])
      let summary = try leaves ? prepared.leaveStopped() : prepared.commit()
      #expect(summary.devices.map(\.outcome) == [leaves ? .stopped : .restored])
      #expect(target.now == (leaves ? .stop : .running) && target.resetCount == 0)
      #expect(target.content == (try device(source).content))
    }
  }

  @Test func aTargetThatDoesNotRunTakesTheOthersWithIt() throws {
    let uris = (0..<3).map { "emulated:synthetic?size=64KiB&seed=\($0)" }
    let bytes = try stream(of: uris[0], uris[1], uris[2])
    for arc in [MigrationArc(.stop, .runningP2P), MigrationArc(.runningP2P, .running)] {
      let targets = try uris.map { try device($0 + "0") }
      let prepared = try prepare(bytes, onto: targets)
      targets[1].faults = FaultPlan([.init(at: .arc(arc), .inputOutput)])
      do throws(ReplayError<StreamError>) {
        _ = try prepared.commit()
        Issue.record("\(arc) is taken")
      } catch {
        guard case .device(let cause, number: 1) = error.cause else {
          return #expect(Bool(false), "\(error.cause)")
        }
        #expect(cause == DeviceError(.transition(arc), .inputOutput))
        #expect(error.outcomes == [0: .reset, 1: .reset, 2: .reset])
      }
      #expect(targets.allSatisfy { $0.now == .running && $0.resetCount == 1 })
    }
  }

  @Test func theWordIsNotCancelled() throws {
    let target = try device("emulated:mtty?ports=2")
    var isCancelled = false
    let prepared = try prepare(
      try stream(of: "emulated:mtty?ports=2&text=hello"), onto: [target]
    ) { $0.isCancelled = { isCancelled } }
    isCancelled = true
    _ = try prepared.commit()
    #expect(target.now == .running && target.resetCount == 0)
  }

  // MARK: Without state

  private func replayWithoutState(onto target: EmulatedDevice) throws -> PreparedReplay<StreamError>
  {
    var builder = StreamBuilder()
    var space = try device("emulated:synthetic").configurationSpace()
    space[0x68] ^= 0x10
    builder.devices[0].configuration = ConfigurationRecord(physical: space)
    builder.devices[0].pasids = PASIDTable(
      domains: [.init(id: 0)], bindings: [.init(pasid: 1, domain: 0)])
    var options = ReplayOptions()
    options.parts = [.bindings, .configuration]
    return try prepare(try builder.encoded(), onto: [target], options: options)
  }

  @Test func bindingsAndRegistersAreTakenBackToo() throws {
    let target = try device("emulated:synthetic")
    let before = try target.configurationSpace()
    let prepared = try replayWithoutState(onto: target)
    #expect(try target.configurationSpace() != before)
    #expect(target.attachments == [1: 0])
    #expect(prepared.abort() == [0: .runningAsBefore])
    #expect(try target.configurationSpace() == before)
    #expect(target.attachments.isEmpty && target.domains.isEmpty)
    #expect(target.arcs.isEmpty && target.resetCount == 0)
  }

  @Test func aRegisterThatCannotBeTakenBackIsSaid() throws {
    let target = try device("emulated:synthetic")
    let prepared = try replayWithoutState(onto: target)
    target.faults = FaultPlan([.init(at: .call(.configuration), .inputOutput)])
    guard case .unusable(.running, let error)? = prepared.abort()[0] else {
      return #expect(Bool(false))
    }
    #expect(error.errno == .inputOutput && error.operation.code == .writeConfiguration)
  }

  @Test func whatHasNoStateRunsAsBefore() throws {
    let target = try device("emulated:synthetic?migration=no")
    let committed = try replayWithoutState(onto: target).commit()
    #expect(committed.devices.map(\.outcome) == [.runningAsBefore])
    #expect(target.attachments == [1: 0] && target.arcs.isEmpty)
  }
}

/// The table of a target's stages, against what a replay does at each.
@Suite struct ReplayStageTests {
  @Test func everyStepOfEveryStage() {
    let steps: [ReplayStage: [ReplayStage.Step: ReplayStage]] = [
      .held: [.load: .loading, .commit: .unchanged, .leave: .unchanged, .abort: .aborted],
      .loading: [.finish: .loaded, .abort: .aborted],
      .loaded: [.commit: .restored, .leave: .stopped, .abort: .aborted],
    ]
    for stage in ReplayStage.allCases {
      for step in ReplayStage.Step.allCases {
        #expect(stage.next(step) == steps[stage]?[step], "\(stage) \(step)")
      }
      #expect(stage.isEnd == (steps[stage] == nil))
      // Whatever is not at its end can be taken back.
      #expect(stage.isEnd || stage.next(.abort) == .aborted)
    }
  }

  @Test func stateIsLostFromLoadingOn() {
    for stage in ReplayStage.allCases { #expect(stage.keepsState == (stage == .held)) }
  }
}
