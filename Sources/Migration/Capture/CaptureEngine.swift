import ByteIO
import Devices
public import MigrationStream

/// Takes devices from RUNNING into one stream.
///
/// What cannot be read later comes first: identity, regions, configuration space, bindings. Then
/// state, round by round, while the devices run; once what is left is small, all are kept from
/// reaching into each other before any stops, and the rest is read. Whatever fails, and whenever
/// the capture is cancelled, the devices run again with all of their state.
public struct CaptureEngine {
  /// The devices, in the order of their numbers in the stream.
  public var sources: [CaptureSource]
  /// When to stop the devices, and what becomes of them.
  public var options: CaptureOptions
  /// Who writes the stream, for its first record.
  public var information: StreamInformation
  /// Measures rounds and downtime, and waits.
  public var clock: any MigrationClock
  /// Asked between reads; true ends the capture and brings the devices back. A signal's handler
  /// requests an `Interruption`, unless something else is to be asked.
  public var isCancelled: () -> Bool = { Interruption.isRequested }
  /// Told after each chunk.
  public var progress: (CaptureProgress) -> Void = { _ in }

  /// Sources that are captured together; their order gives their numbers.
  public init(
    _ sources: [CaptureSource], options: CaptureOptions = CaptureOptions(),
    information: StreamInformation = StreamInformation(), clock: any MigrationClock
  ) {
    self.sources = sources
    self.options = options
    self.information = information
    self.clock = clock
  }

  /// The bytes of state of the devices with pre-copy, which send some of it more than once; 0 if
  /// there is none, or if one does not tell, as one that was left in a state that is to be reset.
  public var byteCountSentAgain: UInt64 {
    guard options.usesPreCopy else { return 0 }
    var sum: UInt64 = 0
    for device in sources.map(\.device) {
      guard let abilities = try? device.abilities() else { return 0 }
      guard abilities.contains(.preCopy) else { continue }
      guard case .running? = try? device.state(), let count = try? device.stopCopyByteCount() else {
        return 0
      }
      sum = sum.addingSaturating(count)
    }
    return sum
  }

  /// What the stream will say of the devices, which are only asked; throws what would keep them
  /// from being captured before anything is done with them.
  ///
  /// - Parameter failure: what the sink of the capture throws.
  public func introductions<SinkFailure: Error>(
    failingAs failure: SinkFailure.Type
  ) throws(CaptureError<SinkFailure>) -> [DeviceIntroduction] {
    let run = CaptureRun<SinkFailure>(self)
    do throws(CaptureRun<SinkFailure>.Failure) {
      return try run.introductions()
    } catch {
      throw CaptureError(cause: error)
    }
  }

  /// Captures into `sink`, which gets its end only if everything came and the devices are stopped.
  ///
  /// `finish()` of the sink is the last thing that can send the devices back to RUNNING: a sink
  /// over a network that returns from it only once the receiver has prepared its targets makes the
  /// capture the first phase of two. From its return on they stay stopped, unless the options say
  /// that they resume; so a sink that cannot know whether the receiver runs them returns, too.
  public func run<Sink: RecordSink & ~Copyable>(
    into sink: consuming Sink
  ) throws(CaptureError<Sink.Failure>) -> CaptureSummary {
    var run = CaptureRun<Sink.Failure>(self)
    do throws(CaptureRun<Sink.Failure>.Failure) {
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
    do throws(CaptureRun<Sink.Failure>.Failure) {
      return try run.conclude()
    } catch {
      throw run.undo(error, isStreamWhole: true)
    }
  }
}
