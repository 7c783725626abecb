import ByteIO
import Devices
public import MigrationStream
public import StateLayout

/// Takes a stream onto target devices.
///
/// Everything that can be checked is checked before a target is touched. States of at most 8 MiB
/// are kept until the whole stream was verified, to its footer, and are judged then, if nobody did
/// before. Bindings are attached first, for the state may rely on them; then each state is written
/// in one go. A larger state is judged by what was kept, as soon as it is known to be larger; that
/// is written then, the rest as it comes, and its target is told to take it only when the stream
/// was verified.
///
/// Up to the arc into RESUMING a target keeps the state that it had, and gets back to RUNNING with
/// it whatever fails. From there on only a reset brings it back, fresh.
public struct ReplayEngine {
  /// The devices that take the state, each of one of the stream's.
  public var targets: [ReplayTarget]
  /// What of the stream is restored, and what is let pass.
  public var options: ReplayOptions
  /// Measures downtime and times in states.
  public var clock: any MigrationClock
  /// Asked between chunks; true ends the replay. A signal's handler requests an `Interruption`,
  /// unless something else is to be asked.
  public var isCancelled: () -> Bool = { Interruption.isRequested }
  /// Told before the check and after each chunk.
  public var progress: (ReplayProgress) -> Void = { _ in }

  /// Targets with different numbers.
  public init(
    _ targets: [ReplayTarget], options: ReplayOptions = ReplayOptions(),
    clock: any MigrationClock
  ) {
    self.targets = targets
    self.options = options
    self.clock = clock
  }

  /// Judges the states that targets are to take before the stream is read, so that the answer does
  /// not wait for its end.
  ///
  /// A target that cannot be asked is left to the check, which asks it again and says so.
  ///
  /// - Parameters:
  ///   - introductions: what the stream says of its devices.
  ///   - state: gives the state of one, by its number.
  public mutating func judge<State: StateSource>(
    _ introductions: [DeviceIntroduction], state: (UInt16) -> State
  ) throws(State.Failure) {
    guard options.parts.contains(.state) else { return }
    for introduction in introductions {
      guard let index = targets.firstIndex(where: { $0.number == introduction.number }) else {
        continue
      }
      do throws(StateJudgement.Failure<State.Failure>) {
        targets[index].judgement = try StateJudgement(
          state(introduction.number), of: introduction, for: targets[index])
      } catch {
        switch error {
        case .source(let cause): throw cause
        case .device: continue
        }
      }
    }
  }

  /// Checks the stream to its end, and whether the targets can take it; touches none.
  public func check<Source: VerifyingRecordSource & ~Copyable>(
    _ source: inout Source
  ) throws(ReplayError<Source.Failure>) -> CompatibilityReport {
    var run = ReplayRun<Source.Failure>(self)
    do throws(ReplayRun<Source.Failure>.Failure) {
      try run.readIntroductions(from: &source)
      run.tell(.checking, 0)
      _ = try run.report()
      try run.verify(&source)
      try run.judgeKept()
      return try run.report()
    } catch {
      throw run.undo(error)
    }
  }

  /// Checks a stream to its end that introduces devices whose state comes later, and whether the
  /// targets can take them, as far as that can be told without it; touches none.
  public func checkIntroductions<Source: VerifyingRecordSource & ~Copyable>(
    _ source: inout Source
  ) throws(ReplayError<Source.Failure>) -> CompatibilityReport {
    var run = ReplayRun<Source.Failure>(self)
    do throws(ReplayRun<Source.Failure>.Failure) {
      try run.readIntroductions(from: &source)
      try run.verify(&source)
      return try run.report()
    } catch {
      throw run.undo(error)
    }
  }

  /// Restores the targets from the stream up to the moment at which they could run.
  ///
  /// After an error they are as its outcomes say, as they are after an abort of what this returns.
  public func prepare<Source: VerifyingRecordSource & ~Copyable>(
    _ source: inout Source
  ) throws(ReplayError<Source.Failure>) -> PreparedReplay<Source.Failure> {
    var run = ReplayRun<Source.Failure>(self)
    do throws(ReplayRun<Source.Failure>.Failure) {
      try run.readIntroductions(from: &source)
      try run.check()
      if options.parts.contains(.state) {
        try run.open()
        try run.writeState(from: &source)
        try run.finishLoading()
      } else {
        // What does not come with state waits for the end of the stream.
        try run.verify(&source)
        try run.open()
        try run.attachBindings()
      }
      try run.restoreRegisters()
    } catch {
      throw run.undo(error)
    }
    return PreparedReplay(run)
  }

  /// Restores the targets from the stream, and has them run with its state.
  public func run<Source: VerifyingRecordSource & ~Copyable>(
    _ source: inout Source
  ) throws(ReplayError<Source.Failure>) -> ReplaySummary {
    try prepare(&source).commit()
  }
}
