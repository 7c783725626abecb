// The names are C's.
// swift-format-ignore-file: AlwaysUseLowerCamelCase

public import CFerry
import Devices
import Migration
import MigrationStream
import StateTranslation
import StreamIO
import VirtualPCI

/// Takes devices into one stream.
@c @implementation
public func ferry_capture(
  _ devices: UnsafePointer<ferry_migration_device>?, _ count: Int,
  _ options: UnsafePointer<ferry_capture_options>?, _ sink: UnsafePointer<ferry_sink>?,
  _ outcomes: UnsafeMutablePointer<UInt32>?,
  _ summary: UnsafeMutablePointer<ferry_migration_summary>?,
  _ error: UnsafeMutablePointer<ferry_error>?
) -> ferry_status {
  call(error) { () throws(Failure) in
    let output = try Output(sink, "sink")
    let options = options?.pointee ?? ferry_capture_options()
    let coding = try StreamCoding(options.stream?.pointee ?? ferry_writer_options())
    let devices = try MigrationDevices(devices, count)
    let sources = devices.all.map(CaptureSource.init)
    for index in 0..<count { outcomes?[index] = UInt32(FERRY_OUTCOME_UNTOUCHED) }

    var engine = CaptureEngine(
      sources, options: try CaptureOptions(options), information: coding.information,
      clock: SystemClock())
    let observer = Observer(options.observer)
    engine.isCancelled = { observer.isCancelled() }
    engine.progress = { observer.tell($0) }
    let kept = KeptFailure()
    do throws(CaptureError<StreamIOError>) {
      let writer = try streamWriter(
        to: CallerByteSink(output: output, kept: kept), coding)
      let done = try engine.run(into: writer)
      for (index, device) in done.devices.enumerated() {
        outcomes?[index] = device.outcome.number
      }
      summary?.pointee = ferry_migration_summary(
        state_size: done.byteCount, downtime_ns: done.downtime.nanoseconds,
        duration_ns: done.duration.nanoseconds,
        iteration_count: UInt32(clamping: done.iterations.count), reserved: 0)
    } catch {
      for (index, outcome) in error.outcomes.enumerated() { outcomes?[index] = outcome.number }
      switch error.cause {
      case .refused(let refusal): throw Failure(.incompatible, message: "\(refusal)")
      case .device(let cause, let number): throw Failure(cause, number: number)
      case .sink(let cause): throw kept.failure(for: cause)
      case .cancelled: throw .cancelled
      }
    }
  }
}

private func streamWriter(
  to sink: CallerByteSink, _ coding: StreamCoding
) throws(CaptureError<StreamIOError>) -> StreamWriter {
  do throws(StreamIOError) {
    return try StreamWriter(to: sink, header: coding.header, compression: coding.compression)
  } catch {
    throw CaptureError(cause: .sink(error))
  }
}

extension CaptureSource {
  /// A caller's device, with what the caller knows of it.
  fileprivate init(_ device: MigrationDevices.Device) {
    self.init(
      device.device, pasids: device.known.pasids,
      guestSpace: device.known.configuration.flatMap { ConfigSpaceState($0) },
      interrupts: device.known.interrupts)
    circumstances = device.known.identity.circumstances
  }
}

extension CaptureOptions {
  /// What a caller wants, where it is not 0.
  fileprivate init(_ options: ferry_capture_options) throws(Failure) {
    let known = FERRY_CAPTURE_WITHOUT_PRE_COPY | FERRY_CAPTURE_RESUME | FERRY_CAPTURE_WITHOUT_P2P
    let flags = Int(options.flags)
    guard flags & ~known == 0, options.reserved == 0 else {
      throw Failure(
        argument: "options.flags", "bits up to \(known), and 0 in reserved",
        found: "\(flags) and \(options.reserved)")
    }
    self.init()
    usesPreCopy = flags & FERRY_CAPTURE_WITHOUT_PRE_COPY == 0
    resumes = flags & FERRY_CAPTURE_RESUME != 0
    allowsMissingP2P = flags & FERRY_CAPTURE_WITHOUT_P2P != 0
    if options.iteration_limit > 0 { iterationLimit = Int(options.iteration_limit) }
    if options.downtime_limit_ms > 0 { downtimeLimit = .milliseconds(options.downtime_limit_ms) }
    if options.bandwidth > 0 { bandwidth = options.bandwidth }
  }
}
