import ByteIO
public import Devices
public import MigrationStream

/// Takes devices from RUNNING into one stream.
///
/// What cannot be read later comes first: identity, regions, configuration space, bindings. Then state, round by round,
/// while the devices run; once what is left is small, all are kept from reaching into each other before any stops, and the
/// rest is read. Whatever fails, and whenever the capture is cancelled, the devices run again with all of their state.
public struct CaptureEngine<Device: MigratableDevice, Clock: MigrationClock> {
  public var sources: [CaptureSource<Device>]
  public var options: CaptureOptions
  public var information: StreamInformation
  public var clock: Clock
  /// Asked between reads; true ends the capture and brings the devices back. A signal's handler
  /// requests an `Interruption`, unless something else is to be asked.
  public var isCancelled: () -> Bool = { Interruption.isRequested }
  /// Told after each chunk.
  public var progress: (CaptureProgress) -> Void = { _ in }

  public init(
    _ sources: [CaptureSource<Device>], options: CaptureOptions = CaptureOptions(),
    information: StreamInformation = StreamInformation(), clock: Clock
  ) {
    self.sources = sources
    self.options = options
    self.information = information
    self.clock = clock
  }

  /// Captures into `sink`, which gets its end only if everything came and the devices are stopped.
  public func run<Sink: RecordSink & ~Copyable>(
    into sink: consuming Sink
  ) throws(CaptureError<Sink.Failure>) -> CaptureSummary {
    var run = CaptureRun<Device, Clock, Sink.Failure>(self)
    do throws(CaptureRun<Device, Clock, Sink.Failure>.Failure) {
      try run.open(chunkByteCount: Int(sink.limits.chunkByteCount))
      try run.introduce(to: &sink)
      try run.preCopy(into: &sink)
      try run.stopAndCopy(into: &sink)
    } catch {
      throw run.undo(error)
    }
    // Here, for the sink is consumed: nothing after this can fail it.
    do throws(Sink.Failure) {
      try sink.finish()
    } catch {
      throw run.undo(.sink(error))
    }
    do throws(CaptureRun<Device, Clock, Sink.Failure>.Failure) {
      return try run.conclude()
    } catch {
      throw run.undo(error, isStreamWhole: true)
    }
  }
}
