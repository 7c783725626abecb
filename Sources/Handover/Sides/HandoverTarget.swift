import ByteIO
import Devices
public import Migration
public import MigrationStream
public import StreamIO
import SystemPackage
public import Transport

/// The side of a handover that takes devices.
public struct HandoverTarget {
  /// How a connection ended that was not an error.
  public enum End: Sendable {
    /// The peer asked whether the devices could take its own; the answer.
    case checked(StreamUUID, CompatibilityReport, permits: Bool)
    /// The devices cannot take what the peer has, and were not touched.
    case refused(StreamUUID, CompatibilityReport)
    /// The peer asked how a handover ended.
    case resolved(StreamUUID, TargetDecision?)
    /// The devices run with what came.
    case running(ReplaySummary, Settling)
    /// The peer has said nothing, and gone.
    case silent
  }

  /// What is left to settle of a handover whose devices run.
  public struct Settling: Sendable, Hashable {
    /// Which handover it is.
    public let handover: StreamUUID
    /// How long the source may take to ask whether they do; nil if it knows.
    public let asksWithin: Duration?
    /// Why the journal does not say that they run; nil if it does.
    public let journalFailure: StreamIOError?
  }

  /// Waits for who connects next until a moment, and gives nil then.
  public typealias Acceptor = (ContinuousClock.Instant) throws(TransportError) -> Connection?

  /// The most journals of handovers that never came to be prepared, beside the one under way.
  public static let unpreparedJournalLimit = 64

  /// Takes the state onto the devices.
  public var engine: ReplayEngine
  /// Where decisions are written down.
  public var journals: JournalFolder
  /// The most time without a sign of the peer's life.
  public var patience = Duration.seconds(30)
  /// The most time, in total, that each channel may be without a connection; with none, the first
  /// connection that is lost ends the handover.
  public var retry = Duration.zero
  /// Told why a connection was lost in whose place another is waited for.
  public var reconnecting: (HandoverError) -> Void = { _ in }
  /// What is taken of a stream.
  public var limits = DecodingLimits.standard
  /// The threads that decode.
  public var threads = ThreadCount.one
  /// The program, with its version, for the peer.
  public var producer: String?

  /// A target of handovers onto the targets of `engine`.
  public init(_ engine: ReplayEngine, journals: JournalFolder) {
    self.engine = engine
    self.journals = journals
  }

  /// Does what the peer has connected for; `further` accepts its further channels, and has whoever
  /// else comes meanwhile answered. Without it there is one channel.
  ///
  /// If it throws, the devices do not run with the peer's state: they are as the error says, or as
  /// they were.
  public func serve(
    _ connection: Connection, further: Acceptor? = nil
  ) throws(HandoverError) -> End {
    let link = PeerLink(connection, patience: patience)
    var handover: StreamUUID?
    do throws(HandoverError.Cause) {
      link.expectSoon()
      guard let hello = try link.hear() else { return .silent }
      handover = hello.handover
      let connections = TargetConnections(self, link, hello, further)
      var answer = self.hello(to: hello)
      answer.channelCount = UInt16(connections.channelCount)
      try link.answer(answer, to: hello)
      switch hello.purpose {
      case .check?, .handover?:
        let (report, permits, digests) = try answerIntroduction(over: connections[0])
        guard hello.purpose == .handover, permits else {
          // The source ends first, so that nothing of what was said is lost.
          _ = try? link.receive()
          return hello.purpose == .check
            ? .checked(hello.handover, report, permits: permits)
            : .refused(hello.handover, report)
        }
        let (summary, settling) = try take(hello, digests, over: connections)
        return .running(summary, settling)
      case .resolve?:
        let decision = try settle(hello.handover)
        try link.send(.resolution(decision))
        _ = try? link.receive()
        return .resolved(hello.handover, decision)
      case .channel?:
        // Its journal says from now on that there is nothing to go on with.
        _ = try? settle(hello.handover)
        let text = "it is in no handover with this id and this secret"
        link.end(with: .failed(PeerFailure(text)))
        throw .malformed("expected a source with devices, found a channel of no handover here")
      case nil: throw .malformed("expected hello to say what it is for")
      }
    } catch {
      var failure = HandoverError(link.peer, error)
      failure.handover = handover
      throw failure
    }
  }

  /// Answers a peer that asks how a handover ended, and refuses any other; nil for one that says
  /// nothing. Of the handover `running` is known that its devices run.
  public func answer(
    _ connection: Connection, running: StreamUUID? = nil
  ) throws(HandoverError) -> (StreamUUID, TargetDecision?)? {
    let link = PeerLink(connection, patience: patience)
    link.expectSoon()
    do throws(HandoverError.Cause) {
      guard let hello = try link.hear() else { return nil }
      return (hello.handover, try answer(hello, over: link, running: running))
    } catch {
      throw HandoverError(link.peer, error)
    }
  }

  /// The same for one that has said hello.
  func answer(
    _ hello: HandoverMessage.Hello, over link: PeerLink, running: StreamUUID? = nil
  ) throws(HandoverError.Cause) -> TargetDecision? {
    try link.answer(self.hello(to: hello), to: hello)
    guard hello.purpose == .resolve else {
      let text = "it takes no devices now, and only answers how handovers ended"
      link.end(with: .failed(PeerFailure(text)))
      throw .malformed("expected a source that asks, found one with devices")
    }
    let decision = hello.handover == running ? .running : try settle(hello.handover)
    try link.send(.resolution(decision))
    _ = try? link.receive()
    return decision
  }

  /// What is answered to a hello.
  func hello(to other: HandoverMessage.Hello) -> HandoverMessage.Hello {
    var answer = HandoverMessage.Hello(other.handover)
    answer.windowByteCount = limits.windowByteCount
    answer.producer = producer
    answer.patience = UInt32(clamping: Int(patience / .milliseconds(1)))
    return answer
  }

  /// Reads what the source has, and says whether the devices can take it. The digests there are by
  /// the algorithms that those of the state will be by.
  private func answerIntroduction(
    over channel: TargetChannel
  ) throws(HandoverError.Cause) -> (
    CompatibilityReport, permits: Bool, digests: Set<Digest.Algorithm>
  ) {
    let link = channel.link
    let failure = LinkFailure()
    let source = LinkSource(channel, .introduction, failure)
    var reader = StreamReader(source, limits: limits)
    var report: CompatibilityReport
    do throws(ReplayError<StreamIOError>) {
      report = try engine.checkIntroductions(&reader)
    } catch {
      let cause = failure.cause ?? .devices(error)
      link.end(with: .failed(PeerFailure("\(HandoverError(link.peer, cause))")))
      throw cause
    }
    try source.expectEnd()
    let permits = report.permits(engine.options)
    for target in engine.targets {
      report.findings.append(
        CompatibilityReport.Finding(
          .unchecked, device: target.number, "state", wanted: "its layout's judgement of it",
          found: "none: it has not come yet"))
    }
    try link.send(.report(report, permits: permits))
    return (report, permits, reader.digestAlgorithms)
  }

  private func take(
    _ hello: HandoverMessage.Hello, _ digests: Set<Digest.Algorithm>,
    over connections: TargetConnections
  ) throws(HandoverError.Cause) -> (ReplaySummary, Settling) {
    do throws(HandoverError.Cause) {
      try connections.gather()
    } catch {
      let link = connections.main
      link.end(with: .failed(PeerFailure("\(HandoverError(link.peer, error))")))
      throw error
    }
    var journal: Journal<TargetDecision>
    do throws(StreamIOError) {
      try journals.forgetUnprepared(keeping: Self.unpreparedJournalLimit)
      journal = try Journal<TargetDecision>.begin(
        of: hello.handover, in: journals.path,
        facts: [
          "peer": .string(connections.main.peer),
          "devices": .strings(engine.targets.map(\.device.name)),
        ])
    } catch {
      connections.main.end(with: .failed(PeerFailure("its journal: \(error)")))
      throw .journal(error)
    }
    do throws(HandoverError.Cause) {
      return try take(hello, digests, connections, &journal)
    } catch {
      giveUp(error, over: connections.main, &journal)
      throw error
    }
  }

  /// Writes down that the devices do not run with the source's state, and tells the source.
  ///
  /// If that is not certain, or behind a commit cannot be written down, the source hears nothing,
  /// and is in doubt.
  private func giveUp(
    _ error: HandoverError.Cause, over link: PeerLink, _ journal: inout Journal<TargetDecision>
  ) {
    var failure = PeerFailure("\(HandoverError(link.peer, error))")
    failure.outcomes = error.outcomes.sorted { $0.key < $1.key }.map {
      "device \($0.key) \($0.value)"
    }
    if case .devices(let error) = error, case .incompatible = error.cause {
      failure.isRefusal = true
    }
    let isCommitted = journal.decision == .commit
    if isCommitted {
      let mayRun = error.outcomes.values.contains {
        if case .unusable = $0 { true } else { false }
      }
      guard !mayRun, (try? journal.append(.failed, why: failure.text)) != nil else {
        return link.abandon()
      }
    } else {
      // A journal without commit says the same.
      try? journal.append(.aborted, why: failure.text)
    }
    link.end(with: .failed(failure))
  }

  /// Takes the stream, agrees with the source, and has the devices run.
  private func take(
    _ hello: HandoverMessage.Hello, _ digests: Set<Digest.Algorithm>,
    _ connections: TargetConnections, _ journal: inout Journal<TargetDecision>
  ) throws(HandoverError.Cause) -> (ReplaySummary, Settling) {
    let failure = LinkFailure()
    let sources = (0..<connections.channelCount).map {
      LinkSource(connections[$0], .stream, failure)
    }
    let prepared: PreparedReplay<StreamIOError>
    // As long as the source's devices run, it may have nothing to send.
    for number in sources.indices { connections[number].link.expectSoon(false) }
    do throws(ReplayError<StreamIOError>) {
      prepared = try prepare(from: sources, digests)
    } catch {
      throw failure.cause.map { .undone($0, error.outcomes) } ?? .devices(error)
    }
    do throws(HandoverError.Cause) {
      for source in sources { try source.expectEnd() }
      try agree(over: connections, &journal)
    } catch {
      throw .undone(error, prepared.abort())
    }
    let summary: ReplaySummary
    do throws(ReplayError<StreamIOError>) {
      summary = try prepared.commit()
    } catch {
      throw .devices(error)
    }
    // The devices run, whatever fails from here on.
    let link = connections.main
    var journalFailure: StreamIOError?
    do throws(StreamIOError) {
      try journal.append(.running)
    } catch {
      journalFailure = error
    }
    let lines = summary.devices.map {
      HandoverMessage.DeviceLine(number: $0.number, name: $0.name, outcome: "\($0.outcome)")
    }
    try? link.send(.running(lines))
    link.expectSoon()
    var asksWithin: Duration?
    if case .message(.settled)? = try? link.receive() {
    } else {
      // It loses patience first, and then asks.
      asksWithin = max(patience, .milliseconds(Int64(hello.patience))) * 6
    }
    return (
      summary,
      Settling(
        handover: hello.handover, asksWithin: asksWithin, journalFailure: journalFailure)
    )
  }

  /// Restores the devices from the stream in the channels of `sources`.
  private func prepare(
    from sources: [LinkSource], _ digests: Set<Digest.Algorithm>
  ) throws(ReplayError<StreamIOError>) -> PreparedReplay<StreamIOError> {
    guard sources.count > 1 else {
      var reader = StreamReader(sources[0], limits: limits, threads: threads, digests: digests)
      return try engine.prepare(&reader)
    }
    // All channels together take what one would.
    var limits = limits
    limits.takesOneChannel = true
    limits.windowByteCount /= UInt64(sources.count)
    let threads = threads.share(of: sources.count)
    var reader = StripedReader(channelCount: sources.count, digests: digests) {
      (number) throws(Never) in
      StreamReader(sources[Int(number)], limits: limits, threads: threads, digests: [])
    }
    return try engine.prepare(&reader)
  }

  /// Says that everything is there, and waits for the source to commit.
  private func agree(
    over connections: TargetConnections, _ journal: inout Journal<TargetDecision>
  ) throws(HandoverError.Cause) {
    try write(.prepared, to: &journal)
    var isCommitted = false
    while !isCommitted {
      // If it is not heard, the source says nothing either, or comes back.
      try? connections.main.send(.prepared)
      connections.main.expectSoon()
      waiting: while true {
        switch try connections.receive() {
        case nil: break waiting
        case .message(.commit):
          isCommitted = true
          break waiting
        // The source has not heard that the stream was received; it hears so when it comes back.
        case .message(.end): continue
        case .message(.abort(let text)):
          throw .peer(PeerFailure("the source gave it up: \(text)"))
        case .message, .bytes: throw .malformed("expected commit, found another message")
        }
      }
    }
    if engine.isCancelled() { throw .cancelled }
    try write(.commit, to: &journal)
  }

  private func write(
    _ decision: TargetDecision, to journal: inout Journal<TargetDecision>
  ) throws(HandoverError.Cause) {
    do throws(StreamIOError) {
      try journal.append(decision)
    } catch {
      throw .journal(error)
    }
  }

  /// What the journal says of a handover, of which a process that has gone without a commit is
  /// written down to have aborted it.
  private func settle(_ handover: StreamUUID) throws(HandoverError.Cause) -> TargetDecision? {
    do throws(StreamIOError) {
      guard let entry = try journals.entry(of: handover, TargetDecision.self) else { return nil }
      guard !entry.decision.isEnd, !entry.isHeld, entry.decision != .commit else {
        return entry.decision
      }
      var journal: Journal<TargetDecision>
      do throws(StreamIOError) {
        journal = try Journal<TargetDecision>(continuing: entry.path, of: handover)
      } catch {
        // Somebody else has it since.
        if case .system(.wouldBlock, _) = error.cause { return entry.decision }
        throw error
      }
      guard !journal.decision.isEnd, journal.decision != .commit else { return journal.decision }
      try journal.append(.aborted, why: "the process that took it has gone")
      return .aborted
    } catch {
      throw .journal(error)
    }
  }
}
