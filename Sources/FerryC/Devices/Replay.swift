// The names are C's.
// swift-format-ignore-file: AlwaysUseLowerCamelCase

public import CFerry
import Devices
import Migration
import StreamIO

/// Restores devices from a stream.
@c @implementation
public func ferry_replay(
  _ source: UnsafePointer<ferry_source>?, _ devices: UnsafePointer<ferry_migration_device>?,
  _ count: Int, _ options: UnsafePointer<ferry_replay_options>?,
  _ outcomes: UnsafeMutablePointer<UInt32>?,
  _ summary: UnsafeMutablePointer<ferry_migration_summary>?,
  _ error: UnsafeMutablePointer<ferry_error>?
) -> ferry_status {
  call(error) { () throws(Failure) in
    let input = try Input(source.required("source").pointee)
    let options = options?.pointee ?? ferry_replay_options()
    let flags = Int(options.flags)
    let devices = try MigrationDevices(devices, count)
    let targets = try devices.targets(attachingBindings: flags & FERRY_REPLAY_BINDINGS != 0)
    for index in 0..<count { outcomes?[index] = UInt32(FERRY_OUTCOME_UNTOUCHED) }

    var engine = ReplayEngine(
      targets, options: try ReplayOptions(options), clock: SystemClock())
    let observer = Observer(options.observer)
    engine.isCancelled = { observer.isCancelled() }
    engine.progress = { observer.tell($0) }
    let kept = KeptFailure()
    var reader = StreamReader(CallerByteSource(input: input, kept: kept))
    var checked: CompatibilityReport?
    do throws(ReplayError<StreamIOError>) {
      if flags & FERRY_REPLAY_CHECK != 0 {
        checked = try engine.check(&reader)
      } else {
        let prepared = try engine.prepare(&reader)
        let done =
          flags & FERRY_REPLAY_LEAVE_STOPPED != 0
          ? prepared.leaveStopped() : try prepared.commit()
        for device in done.devices {
          targets.set(device.outcome, of: device.number, in: outcomes)
        }
        summary?.pointee = ferry_migration_summary(
          state_size: done.byteCount, downtime_ns: done.downtime.nanoseconds,
          duration_ns: done.duration.nanoseconds, iteration_count: 0, reserved: 0)
      }
    } catch {
      for (number, outcome) in error.outcomes { targets.set(outcome, of: number, in: outcomes) }
      switch error.cause {
      case .incompatible(let report): throw Failure(report)
      case .device(let cause, let number):
        var failure = Failure(cause, number: number)
        failure.record = error.place?.record
        throw failure
      case .source(let cause): throw kept.failure(for: cause)
      case .unverified(let number):
        var failure = Failure(
          .unverified, message: "device \(number): the stream has no digest of its state")
        failure.device = number
        throw failure
      case .cancelled: throw .cancelled
      }
    }
    if let checked, !checked.permits(engine.options) { throw Failure(checked) }
  }
}

extension MigrationDevices {
  /// The devices as targets, each of another device of the stream.
  fileprivate borrowing func targets(attachingBindings: Bool) throws(Failure) -> [ReplayTarget] {
    var targets: [ReplayTarget] = []
    for device in all {
      guard let number = UInt16(exactly: device.number),
        !targets.contains(where: { $0.number == number })
      else {
        throw Failure(
          argument: "devices.number", "a device of the stream for each", found: "\(device.number)")
      }
      guard !attachingBindings || device.attachesPASIDs else {
        throw Failure(
          argument: "devices.pasid_operations", "functions, for FERRY_REPLAY_BINDINGS",
          found: "NULL")
      }
      targets.append(ReplayTarget(device.device, number: number))
    }
    return targets
  }
}

extension [ReplayTarget] {
  fileprivate func set(
    _ outcome: DeviceOutcome, of number: UInt16, in outcomes: UnsafeMutablePointer<UInt32>?
  ) {
    guard let index = firstIndex(where: { $0.number == number }) else { return }
    outcomes?[index] = outcome.number
  }
}

extension ReplayOptions {
  /// What a caller wants.
  fileprivate init(_ options: ferry_replay_options) throws(Failure) {
    let flags = Int(options.flags)
    let known =
      FERRY_REPLAY_CHECK | FERRY_REPLAY_LEAVE_STOPPED | FERRY_REPLAY_UNSOUND
      | FERRY_REPLAY_STRICT | FERRY_REPLAY_WITHOUT_P2P | FERRY_REPLAY_BINDINGS
    guard flags & ~known == 0, options.reserved == 0 else {
      throw Failure(
        argument: "options.flags", "bits up to \(known), and 0 in reserved",
        found: "\(flags) and \(options.reserved)")
    }
    self.init()
    parts = flags & FERRY_REPLAY_BINDINGS == 0 ? [.state, .configuration] : .all
    allowsMissingP2P = flags & FERRY_REPLAY_WITHOUT_P2P != 0
    allowsUnsoundState = flags & FERRY_REPLAY_UNSOUND != 0
    isStrict = flags & FERRY_REPLAY_STRICT != 0
  }
}

extension Failure {
  /// Why devices cannot take a stream.
  fileprivate init(_ report: CompatibilityReport) {
    self.init(.incompatible, message: "\(report)")
    guard let first = report.findings.first else { return }
    (expected, found, device) = (first.wanted, first.found, first.device)
  }
}
