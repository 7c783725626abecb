import Conformance
import Devices
import EmulatedDevices
import TestSupport

/// Runs checks on a device, with everything allowed and few ways of damage.
func conformance(
  of device: EmulatedDevice, checks: [Check] = Check.all, trials: Int = 24
) throws -> (outcomes: [CheckOutcome], summary: ConformanceSummary) {
  try conformance(through: EmulatedOpener(device), checks: checks, trials: trials)
}

/// The same for whatever is opened.
func conformance(
  through opener: any DeviceOpener, checks: [Check] = Check.all, trials: Int = 24,
  clock: ManualClock = ManualClock(), configure: (inout ConformanceOptions) -> Void = { _ in }
) throws -> (outcomes: [CheckOutcome], summary: ConformanceSummary) {
  var options = ConformanceOptions()
  options.allowsDestruction = true
  options.trialLimit = trials
  options.stateByteLimit = 1 << 20
  configure(&options)
  var outcomes: [CheckOutcome] = []
  let run = ConformanceRun(opener, checks: checks, options: options, clock: clock)
  let summary = try run.run { outcomes.append($0) }
  return (outcomes, summary)
}
