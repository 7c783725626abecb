import ByteIO
import Devices
import Migration
import MigrationStream
import StreamIO
import Transport

/// What the source of a handover decides from the end of its stream on.
final class SourceSide {
  /// The first channel, on which the handover is decided.
  let channel: SourceChannel
  let failure = LinkFailure()
  /// Those of the further channels.
  let connections: SourceConnections
  private let source: HandoverSource
  private var journal: Journal<SourceDecision>
  private(set) var end = HandoverEnd.inDoubt("nothing was decided")
  // Why the devices here run again behind a commit; nil if they do not.
  private var takesBack: String?

  init(
    _ source: HandoverSource, _ link: PeerLink, _ journal: consuming Journal<SourceDecision>,
    _ join: ChannelJoin
  ) {
    self.source = source
    connections = join.connections
    channel = SourceChannel(link, join)
    self.journal = journal
  }

  var link: PeerLink { channel.link }

  private func error(_ cause: HandoverError.Cause) -> HandoverError {
    HandoverError(link.peer, cause)
  }

  /// The error of a stream that could not be written: what went wrong first, unless the target has
  /// said what did.
  func error(_ error: StreamIOError) -> HandoverError {
    self.error(link.lastWords(or: failure.cause ?? .stream(error)))
  }

  /// Waits until the target is prepared, commits, and waits for the target to run.
  ///
  /// If it throws, the devices here are to run again. It returns when they must not.
  func conclude() throws(HandoverError) {
    do throws(HandoverError.Cause) {
      try awaitPrepared()
    } catch {
      throw self.error(error)
    }
    if source.engine.isCancelled() { throw error(.cancelled) }
    do throws(StreamIOError) {
      try journal.append(.commit)
    } catch {
      // Nothing was said, so the target will not run.
      throw self.error(.journal(error))
    }
    while true {
      do throws(HandoverError.Cause) {
        // A target that has ended may have said before that it gave up.
        try? link.send(.commit)
        link.expectSoon()
        switch try link.receive() {
        case .message(.running(let devices)):
          note(.handedOver)
          end = .running(devices)
          try? link.send(.settled)
          return
        case .message(.failed(let failure)):
          takesBack = failure.text
          throw .peer(failure)
        case .message, .bytes: throw .malformed("expected running, found another message")
        }
      } catch {
        if case .peer = error { throw self.error(error) }
        do throws(HandoverError.Cause) {
          // One that waits for the word says over another connection too that it is prepared.
          // Whatever else is said there is no answer: the journal has that.
          try channel.resume(after: error)
          try awaitPrepared()
        } catch {
          return try settle(after: self.error(error))
        }
      }
    }
  }

  /// Waits until the target has loaded everything, over whichever connection it says so.
  private func awaitPrepared() throws(HandoverError.Cause) {
    while true {
      do throws(HandoverError.Cause) {
        link.expectSoon()
        switch try link.receive() {
        case .message(.prepared): return
        case .message(.received): continue
        case .message(.failed(let failure)): throw .peer(failure)
        case .message, .bytes: throw .malformed("expected prepared, found another message")
        }
      } catch {
        try channel.resume(after: error)
      }
    }
  }

  /// Asks the target until it answers, an operator has decided, or a signal asks to give up.
  private func settle(after doubt: HandoverError) throws(HandoverError) {
    link.abandon()
    note(.inDoubt, why: "\(doubt)")
    source.doubted(doubt)
    end = .inDoubt("\(doubt)")
    let journals = source.options.journals
    var told = "\(doubt)"
    while true {
      if journals.saysOtherIsDead(source.handover) {
        note(.otherIsDead, why: "an operator said so")
        journals.forgetWord(source.handover)
        takesBack = "an operator said that the target is dead"
        throw error(
          .peer(PeerFailure("an operator said that it is dead and does not run the devices")))
      }
      do throws(HandoverError) {
        let answer = try source.ask()
        switch answer?.meansRunning {
        case true?:
          note(.handedOver)
          end = .running([])
          return
        case false?:
          takesBack = "the target's journal says that it did not run"
        case nil:
          throw error(
            .peer(
              PeerFailure(
                answer.map { "its journal ends in '\($0.rawValue)'" }
                  ?? "it has no journal of the handover")))
        }
      } catch {
        if "\(error)" != told, !source.engine.isCancelled() {
          told = "\(error)"
          source.doubted(error)
        }
      }
      if takesBack != nil {
        throw error(
          .peer(PeerFailure("its journal says that its devices did not come to run")))
      }
      if source.engine.isCancelled() { return }
      source.engine.clock.sleep(for: .seconds(1))
      if source.engine.isCancelled() { return }
    }
  }

  /// Writes down what has happened; the decision that it follows from is in the journal, so that
  /// who reads it without this line comes to the same.
  private func note(_ decision: SourceDecision, why: String? = nil) {
    try? journal.append(decision, why: why)
  }

  /// The capture has failed, and the devices are back, or as its outcomes say.
  func giveUp(_ error: CaptureError<HandoverError>) {
    let text =
      switch error.cause {
      case .sink(let error): "\(error)"
      case .device(let error, let number): "device \(number): \(error)"
      case .refused(let refusal): "\(refusal)"
      case .cancelled: "cancelled"
      }
    if let takesBack { return note(.takenBack, why: takesBack) }
    note(.aborted, why: text)
    link.end(with: .abort(text))
  }
}

/// The stream of a handover: when it ends, the two sides agree.
struct HandoverSink: RecordSink, ~Copyable {
  // None once it is finished.
  private var writer: StripedWriter?
  private let side: SourceSide

  init(_ writer: consuming StripedWriter, _ side: SourceSide) {
    limits = writer.limits
    self.writer = consume writer
    self.side = side
  }

  // Threads that still write into a stream of which nothing comes are not waited for.
  deinit { side.connections.shutDown() }

  let limits: StreamLimits

  mutating func write(_ record: Record) throws(HandoverError) {
    do throws(StreamIOError) {
      try writer?.write(record)
    } catch {
      throw side.error(error)
    }
  }

  mutating func write(
    _ chunk: RawSpan, device: UInt16, context: StateChunk.Context
  ) throws(HandoverError) {
    do throws(StreamIOError) {
      try writer?.write(chunk, device: device, context: context)
    } catch {
      throw side.error(error)
    }
  }

  mutating func write(
    from buffer: inout ByteBuffer, device: UInt16, context: StateChunk.Context
  ) throws(HandoverError) {
    do throws(StreamIOError) {
      try writer?.write(from: &buffer, device: device, context: context)
    } catch {
      throw side.error(error)
    }
  }

  mutating func flush() throws(HandoverError) {
    do throws(StreamIOError) {
      try writer?.flush()
    } catch {
      throw side.error(error)
    }
  }

  consuming func finish() throws(HandoverError) {
    let side = side
    do throws(StreamIOError) {
      if let writer = writer.take() { try writer.finish() }
    } catch {
      throw side.error(error)
    }
    try side.conclude()
  }
}
