import DeviceTestSupport
import Devices
import EmulatedDevices
import Migration
import MigrationStream
import TestSupport
import Testing

/// A capture that fails, at every place where it can: the source runs on with all of its state.
@Suite struct CaptureFaultTests {
  static let sources = [
    "emulated:mtty?ports=2&text=hello", "emulated:synthetic?size=256KiB&p2p=no",
    "emulated:synthetic?size=256KiB&precopy=128KiB&p2p=no",
    "emulated:synthetic?size=256KiB&precopy=128KiB",
  ]

  private func failure(
    of device: EmulatedDevice, options: CaptureOptions = CaptureOptions(),
    into box: StreamBox = StreamBox(),
    configure: (inout CaptureEngine) -> Void = { _ in }
  ) throws -> CaptureError<SinkFull>? {
    do {
      _ = try capture([device], options: options, into: box, configure: configure)
      return nil
    } catch let error as CaptureError<SinkFull> {
      return error
    }
  }

  @Test(arguments: sources, [false, true])
  func everyArc(source: String, entersError: Bool) throws {
    var options = CaptureOptions()
    options.resumes = true
    let clean = try device(source)
    _ = try capture([clean], options: options)
    for (index, arc) in clean.arcs.enumerated() {
      let device = try device(source)
      let before = device.content
      device.faults = FaultPlan([.init(at: .arc(arc), .inputOutput, entersError: entersError)])
      let box = StreamBox()
      let error = try #require(try failure(of: device, options: options, into: box))
      guard case .device(let cause, number: 0) = error.cause else {
        return #expect(Bool(false), "\(error.cause)")
      }
      #expect(cause == DeviceError(.transition(arc), .inputOutput))
      #expect(device.arcs.starts(with: clean.arcs[..<index]))
      // The arcs back to RUNNING come when the stream is whole: then the failing one is in the way
      // of the undoing too.
      let isWhole = index > (clean.arcs.firstIndex(of: MigrationArc(.stopCopy, .stop)) ?? 0)
      #expect(error.isStreamWhole == isWhole && box.isFinished == isWhole)
      if entersError || isWhole {
        #expect(device.now != .running)
        guard case .unusable(let state, _) = error.outcomes[0] else {
          return #expect(Bool(false), "\(error.outcomes)")
        }
        #expect(state == device.now && (state == .error) == entersError)
      } else {
        // Only an arc that the way back needs as well keeps the device from running.
        let isInTheWay = arc.from == .stopCopy
        #expect(device.now == (isInTheWay ? .stopCopy : .running))
        #expect((error.outcomes == [.runningAsBefore]) == !isInTheWay)
      }
      #expect(device.content == before && device.resetCount == 0)
    }
  }

  @Test(arguments: sources)
  func manyBytes(source: String) throws {
    let clean = StreamBox()
    let total = try capture([try device(source)], into: clean).byteCount
    for step in 0..<40 {
      let offset = total < 100 ? UInt64(step) * total / 40 : (total - 1) * UInt64(step) / 39
      let device = try device(source)
      let before = device.content
      device.faults = FaultPlan([.init(at: .byte(offset), .inputOutput, entersError: step % 5 == 4)]
      )
      let box = StreamBox()
      let error = try #require(try failure(of: device, into: box))
      guard case .device(let cause, number: 0) = error.cause else { return #expect(Bool(false)) }
      #expect(cause == DeviceError(.readData(at: offset), .inputOutput))
      #expect(!box.isFinished && !error.isStreamWhole)
      #expect(throws: StreamError.self) { try DecodedStream(box.bytes) }
      if step % 5 == 4 {
        #expect(device.now == .error)
      } else {
        #expect(device.now == .running && error.outcomes == [.runningAsBefore])
      }
      #expect(device.content == before)
    }
  }

  @Test func nothingToReadIsAnErrorOnceTheDeviceIsStopped() throws {
    let source = try device("emulated:synthetic?size=64KiB&fail=100:ENOMSG")
    let error = try #require(try failure(of: source))
    guard case .device(let cause, number: 0) = error.cause else { return #expect(Bool(false)) }
    #expect(cause == DeviceError(.readData(at: 100), .noMessage))
    #expect(source.now == .running)
  }

  @Test(arguments: sources)
  func everyWriteToTheSink(source: String) throws {
    var count = 0
    let clean = StreamBox()
    clean.onWrite = { () throws(SinkFull) in count += 1 }
    _ = try capture([try device(source)], into: clean)
    for failing in 1...count {
      var seen = 0
      let box = StreamBox()
      box.onWrite = { () throws(SinkFull) in
        seen += 1
        if seen == failing { throw SinkFull() }
      }
      let device = try device(source)
      let before = device.content
      let error = try #require(try failure(of: device, into: box))
      guard case .sink = error.cause else { return #expect(Bool(false)) }
      #expect(error.outcomes == [.runningAsBefore] && device.now == .running)
      #expect(!box.isFinished && device.content == before)
    }
  }

  @Test(arguments: sources)
  func cancellingAtEveryMoment(source: String) throws {
    for moment in 1...200 {
      var asked = 0
      let device = try device(source)
      let before = device.content
      let box = StreamBox()
      let error = try failure(of: device, into: box) { engine in
        engine.isCancelled = {
          asked += 1
          return asked >= moment
        }
      }
      guard let error else {
        #expect(moment > 10 && box.isFinished && device.now == .stop)
        return
      }
      guard case .cancelled = error.cause else { return #expect(Bool(false)) }
      #expect(error.outcomes.allSatisfy { $0 == .runningAsBefore } && device.now == .running)
      #expect(!box.isFinished && device.content == before && device.resetCount == 0)
    }
  }

  @Test(arguments: [FaultPlan.Call.abilities, .state, .size, .information, .configuration])
  func everyOtherCall(call: FaultPlan.Call) throws {
    let device = try device("emulated:synthetic?size=256KiB&precopy=128KiB")
    device.faults = FaultPlan([.init(at: .call(call), .inputOutput)])
    let error = try #require(try failure(of: device))
    guard case .device(let cause, number: 0) = error.cause else { return #expect(Bool(false)) }
    #expect(cause.errno == .inputOutput)
    device.faults = FaultPlan()
    #expect(device.now == .running)
  }

  @Test func oneOfSeveralFailsAndAllRunOn() throws {
    for (failing, arc) in [
      (0, MigrationArc(.runningP2P, .stop)), (1, MigrationArc(.stop, .stopCopy)),
      (2, MigrationArc(.running, .runningP2P)),
    ] {
      let devices = try (0..<3).map { try device("emulated:synthetic?size=128KiB&seed=\($0)") }
      devices[failing].faults = FaultPlan([.init(at: .arc(arc), .busy)])
      #expect {
        try capture(devices)
      } throws: { error in
        guard let error = error as? CaptureError<SinkFull>,
          case .device(_, let number) = error.cause
        else { return false }
        return number == failing
          && error.outcomes == [DeviceOutcome](repeating: .runningAsBefore, count: 3)
      }
      #expect(devices.allSatisfy { $0.now == .running })
    }
  }
}
