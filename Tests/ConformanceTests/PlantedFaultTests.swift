import Conformance
import DeviceTestSupport
import Devices
import EmulatedDevices
import TestSupport
import Testing

/// A fault of a device that one check is there to find.
struct PlantedFault: Sendable, CustomTestStringConvertible {
  let check: String
  /// The device without the fault.
  var name = "emulated:virtio-net?pairs=1&refresh=3"
  var plant: @Sendable (FaultyDevice, FaultyOpener) -> Void

  var testDescription: String { check }

  init(
    _ check: String, of name: String? = nil,
    _ plant: @escaping @Sendable (FaultyDevice, FaultyOpener) -> Void
  ) {
    self.check = check
    if let name { self.name = name }
    self.plant = plant
  }

  /// A fault that the emulated device itself can show.
  init(_ check: String, fails text: String) {
    self.init(check) { device, _ in
      device.base.faults = FaultPlan([FaultPlan.Fault(text)].compactMap(\.self))
    }
  }

  static let all: [PlantedFault] = stateMachine + channels + preCopy + saving + others + damage

  static let stateMachine: [PlantedFault] = [
    PlantedFault("abilities") { device, _ in
      device.answerAbilities = { (device) throws(DeviceError) in
        device.now == .stop ? [.stopCopy] : try device.base.abilities()
      }
    },
    PlantedFault("features") { device, _ in
      device.answerProbe = { $0 == .migrationState ? false : $1 }
    },
    PlantedFault("arcs", fails: "PRE_COPY-PRE_COPY_P2P:EIO"),
    PlantedFault("paths") { device, _ in
      device.answerTransition = { (device, target) throws(DeviceError) in
        try device.move(to: device.now == .stop && target == .running ? .runningP2P : target)
      }
    },
    PlantedFault("resuming-arcs", fails: "RESUMING-STOP:EIO"),
    PlantedFault("refused-arcs") { device, _ in
      device.answerTransition = { (device, target) throws(DeviceError) in
        if device.now == .stopCopy, target == .preCopy { _ = try device.move(to: .running) }
        return try device.move(to: target)
      }
    },
    PlantedFault("p2p") { device, _ in
      device.changeRead = { (device, bytes, _) throws(DeviceError) in
        if device.now == .preCopyP2P { throw device.error(.inputOutput) }
        return bytes
      }
    },
    PlantedFault("cancel-saving", fails: "PRE_COPY_P2P-RUNNING_P2P:EIO"),
    PlantedFault("cancel-resuming") { device, _ in
      device.answerReset = { (device) throws(DeviceError) in
        if device.now == .resuming { throw device.error(.busy) }
        try device.base.reset()
      }
    },
    PlantedFault("reset") { device, _ in
      device.answerReset = { (device) throws(DeviceError) in
        if device.now != .stop { try device.base.reset() }
      }
    },
    PlantedFault("arc-time") { device, _ in
      device.answerTransition = { (device, target) throws(DeviceError) in
        if target == .stopCopy { device.clock.advance(by: .seconds(2)) }
        return try device.move(to: target)
      }
    },
  ]

  static let channels: [PlantedFault] = [
    PlantedFault("data-fd-is-new") { device, _ in
      device.answerTransition = { (device, target) throws(DeviceError) in
        let last = device.lastChannel
        guard let channel = try device.move(to: target) as? FaultyChannel else { return nil }
        guard target == .stopCopy, let last else { return channel }
        last.base = channel.base
        device.lastChannel = last
        return last
      }
    },
    PlantedFault("data-fd-ends") { device, _ in
      device.answerFailedRead = { $1 == .noDevice ? [0] : nil }
    },
    PlantedFault("resuming-fd-ends") { device, _ in device.answerFailedWrite = { _, count in count }
    },
    PlantedFault("end-of-stream") { device, _ in
      device.changeRead = { (device, bytes, _) throws(DeviceError) in
        guard bytes.isEmpty, device.now == .stopCopy else { return bytes }
        device.loadCount += 1
        if device.loadCount > 2 { throw device.error(.noMessage) }
        return bytes
      }
    },
    PlantedFault("read-sizes") { device, _ in
      device.changeRead = { _, bytes, offset in
        bytes.count == 1 && offset % 7 == 3 ? [bytes[0] ^ 0x55] : bytes
      }
    },
    PlantedFault("poll") { device, _ in device.answerPoll = { $0.movedByteCount == 0 } },
    PlantedFault("direction") { device, _ in
      device.answerFailedWrite = { _, count in count }
    },
  ]

  static let preCopy: [PlantedFault] = [
    PlantedFault("pre-copy-information") { device, _ in
      device.changeInformation = { device, now in
        var now = now
        now.initialByteCount += UInt64(2 * device.movedByteCount)
        return now
      }
    },
    PlantedFault("initial-bytes") { device, _ in
      device.changeInformation = { _, now in
        PreCopyInformation(initialByteCount: 0, dirtyByteCount: now.dirtyByteCount)
      }
    },
    PlantedFault("pre-copy-information-elsewhere") { device, _ in
      device.answerFailedInformation = PreCopyInformation(initialByteCount: 0, dirtyByteCount: 0)
    },
    PlantedFault("pre-copy-end") { device, _ in
      device.answerFailedRead = { $1 == .noMessage ? [] : nil }
    },
    PlantedFault("reinit") { device, _ in
      device.changeInformation = { _, now in
        var now = now
        if now.initialByteCount == 0 { now.isReinitialized = true }
        return now
      }
    },
    PlantedFault("pre-copy-session") { device, _ in
      device.answerTransition = { (device, target) throws(DeviceError) in
        if device.now == .preCopy, target == .stopCopy { _ = try device.move(to: .stop) }
        return try device.move(to: target)
      }
    },
  ]

  static let saving: [PlantedFault] = [
    PlantedFault("size-in-each-state") { device, _ in
      device.answerSize = { (device) throws(DeviceError) in
        if device.now == .resuming { throw device.error(.busy) }
        return try device.base.stopCopyByteCount()
      }
    },
    PlantedFault("size-estimate") { device, _ in device.answerSize = { _ in 0 } },
    PlantedFault("save-twice") { device, _ in
      device.changeRead = { device, bytes, _ in
        bytes.indices.map { $0 == 200 ? UInt8(truncatingIfNeeded: device.saveCount) : bytes[$0] }
      }
    },
    PlantedFault("soundness", of: "emulated:mtty") { device, _ in
      device.changeRead = { device, bytes, offset in
        guard bytes.isEmpty, offset == 60 else { return bytes }
        device.movedByteCount += 1
        return [0]
      }
    },
    PlantedFault("loads-own-state") { device, _ in
      device.swallow = { (device, _) throws(DeviceError) in throw device.error(.fault) }
    },
    PlantedFault("save-load-save") { device, _ in
      device.changeRead = { device, bytes, _ in
        guard device.loadCount > 0 else { return bytes }
        return bytes.indices.map { $0 == 200 ? ~bytes[$0] : bytes[$0] }
      }
    },
    PlantedFault("pieces", of: "emulated:mtty") { device, _ in
      device.swallow = { (_, count) throws(DeviceError) in count < 8 ? count : nil }
    },
  ]

  static let others: [PlantedFault] = [
    PlantedFault("dma-logging") { device, _ in device.allowsSecondStart = true },
    PlantedFault("dma-logging-pages") { device, _ in device.refusedPage = 65536 },
    PlantedFault("dma-logging-ranges") { device, _ in device.allowsOverlap = true },
    PlantedFault("two-opens") { device, opener in
      opener.second = {
        guard let other = try? DeviceTestSupport.device("emulated:virtio-net") else {
          return device
        }
        return other
      }
    },
    PlantedFault("reopen") { device, _ in
      device.answerReset = { (device) throws(DeviceError) in
        if !device.isReopened { try device.base.reset() }
      }
      device.answerTransition = { (device, target) throws(DeviceError) in
        if device.isReopened { throw device.error(.noDevice) }
        return try device.move(to: target)
      }
    },
    PlantedFault("reopen-without-reset") { device, _ in
      device.answerTransition = { (device, target) throws(DeviceError) in
        if device.isReopened { device.base.fail() }
        return try device.move(to: target)
      }
      device.answerReset = { (device) throws(DeviceError) in throw device.error(.noDevice) }
    },
  ]

  /// A device that takes whatever it is given, and then cannot be saved.
  static let damage: [PlantedFault] = [
    "no-state", "cut-state", "flipped-bits", "inserted-bytes", "doubled-bytes", "other-size",
  ].map { check in
    PlantedFault(check, of: "emulated:mtty") { device, _ in
      device.answerFailedWrite = { device, count in
        device.isBroken = true
        return count
      }
      device.answerTransition = { (device, target) throws(DeviceError) in
        guard device.now == .resuming, target == .stop else { return try device.move(to: target) }
        do throws(DeviceError) {
          return try device.move(to: target)
        } catch {
          try device.base.reset()
          device.isBroken = true
          return try device.move(to: target)
        }
      }
    }
  }
}

@Suite struct PlantedFaultTests {
  @Test func everyCheckHasAFault() {
    #expect(PlantedFault.all.map(\.check).sorted() == Check.all.map(\.name).sorted())
  }

  @Test(arguments: PlantedFault.all)
  func isFoundByItsCheck(fault: PlantedFault) throws {
    #expect(try result(of: fault, isPlanted: false) == .passed)
    let result = try result(of: fault, isPlanted: true)
    let findings = result.findings
    #expect(!findings.isEmpty, "\(result)")
    for finding in findings {
      #expect(!finding.asked.isEmpty && !finding.expected.isEmpty && !finding.found.isEmpty)
      #expect(finding.found != finding.expected)
    }
  }

  private func result(of fault: PlantedFault, isPlanted: Bool) throws -> CheckOutcome.Result {
    let device = FaultyDevice(try device(fault.name))
    let opener = FaultyOpener(device)
    if isPlanted { fault.plant(device, opener) }
    // The time of arcs is that of the checks before.
    let checks = Check.all.filter { $0.name == fault.check }
    let (outcomes, _) = try conformance(through: opener, checks: checks, clock: device.clock)
    return try #require(outcomes.first).result
  }
}
