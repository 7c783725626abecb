import Migration
import MigrationStream

/// What `ferry replay --json` prints; the shape is `schemas/replay.schema.json`. Times are in microseconds.
struct ReplayReport: Encodable {
  struct Device: Encodable {
    var index: UInt16
    var name: String
    var stateBytes: UInt64
    var bindings: Int
    var timeInStates: [String: Int64]
    var wasReset: Bool
    var outcome: String
    var registers: [Register]
    /// What the guest had programmed, if the stream says it.
    var interrupts: Interrupts?
    /// Of what the device holds.
    var digest: String?
  }

  struct Register: Encodable {
    var name: String
    var offset: Int
    var value: UInt32
    var mask: UInt32
    var droppedBits: UInt32
  }

  struct Interrupts: Encodable {
    var msixVectors: Int
    var msi: Bool
    /// Those that are asserted, by bits: INTA 1, INTB 2, INTC 4, INTD 8.
    var assertedPins: UInt8
    /// Always false: that is the VMM's part.
    var restored = false

    init(_ state: InterruptState) {
      msixVectors = state.msix?.vectorCount ?? 0
      msi = state.msi != nil
      assertedPins = state.assertedPins ?? 0
    }
  }

  struct Finding: Encodable {
    var severity: String
    var device: UInt16
    var subject: String
    var wanted: String
    var found: String
  }

  var check: Bool
  var compatible: Bool
  var findings: [Finding]
  var devices: [Device]
  var stateBytes: UInt64
  var downtime: Int64
  var duration: Int64

  init(_ summary: ReplaySummary, _ targets: [ReplayTarget<AnyDevice>], isCheck: Bool) {
    check = isCheck
    compatible = summary.report.isCompatible
    findings = summary.report.findings.map {
      Finding(
        severity: $0.severity.rawValue, device: $0.device, subject: $0.subject, wanted: $0.wanted,
        found: $0.found)
    }
    devices = summary.devices.map { device in
      let target = targets.first { $0.number == device.number }
      return Device(
        index: device.number, name: device.name, stateBytes: device.byteCount,
        bindings: device.bindingCount, timeInStates: StateTimes.json(device.timeInStates),
        wasReset: device.wasReset, outcome: device.outcome.word,
        registers: device.registers.map {
          Register(
            name: $0.register.name, offset: $0.register.offset, value: $0.register.value,
            mask: $0.register.mask, droppedBits: $0.droppedBits)
        },
        interrupts: device.interrupts.map(Interrupts.init), digest: target?.device.digest)
    }
    stateBytes = summary.byteCount
    downtime = StateTimes.microseconds(summary.downtime)
    duration = StateTimes.microseconds(summary.duration)
  }
}
