import ByteIO
import Devices
public import Migration
public import MigrationStream
public import StreamIO
public import Transport

/// The side of a handover that gives its devices away.
public struct HandoverSource {
  /// Takes the state out of the devices.
  public var engine: CaptureEngine
  /// Where the target is.
  public var options: HandoverOptions
  /// Which handover it is.
  public let handover: StreamUUID
  // What the target knows the further connections by.
  private let secret = HandoverSecret.random()
  /// Told, by any thread, why a connection was lost in whose place another is tried for.
  public var reconnecting: @Sendable (HandoverError) -> Void = { _ in }
  /// Told when the source begins to be in doubt, with the reason; it then asks the target until
  /// that answers, and tells why it does not, if that is another reason.
  public var doubted: (HandoverError) -> Void = { _ in }

  /// A handover of the sources of `engine`.
  public init(
    _ engine: CaptureEngine, options: HandoverOptions, handover: StreamUUID = .random()
  ) {
    self.engine = engine
    self.options = options
    self.handover = handover
  }

  /// Asks the target whether its devices could take these; touches nothing on either side.
  public func check() throws(CaptureError<HandoverError>) -> (
    CompatibilityReport, permits: Bool, ConnectionSecurity
  ) {
    let offer = try offer(.check)
    try? offer.link.send(.settled)
    return (offer.report, offer.permits, offer.security)
  }

  /// Introduces the devices to the target and hears what it says of them; touches nothing yet. The
  /// target waits for the offer to be taken up or dropped.
  public func offer() throws(CaptureError<HandoverError>) -> HandoverOffer { try offer(.handover) }

  private func offer(
    _ purpose: HandoverMessage.Hello.Purpose
  ) throws(CaptureError<HandoverError>) -> HandoverOffer {
    let introductions = try engine.introductions(failingAs: HandoverError.self)
    do throws(HandoverError.Cause) {
      let link = try options.connect()
      link.expectSoon()
      let start = ContinuousClock.now
      let target = try link.greet(hello(purpose))
      let roundTrip = ContinuousClock.now - start
      let (report, permits) = try introduce(introductions, over: link)
      return HandoverOffer(
        report: report, permits: permits,
        channelCount: min(options.channelCount, target.channelCount), roundTrip: roundTrip,
        link: link,
        windowByteCount: target.windowByteCount)
    } catch {
      throw CaptureError(cause: .sink(HandoverError("\(options.address)", error)))
    }
  }

  /// Hands the devices over that were offered, and that the target takes.
  ///
  /// If it throws, the devices run as before, or are as its outcomes say. If it returns, they are
  /// stopped, and never run here again unless the handover is settled otherwise.
  ///
  /// - Parameters:
  ///   - offer: what the target was told and has permitted.
  ///   - coding: how the stream is coded, for a target that gives chunks that refer to earlier ones
  ///     a memory of so many bytes.
  public func run(
    _ offer: HandoverOffer, coding: (UInt64?) -> StreamCoding
  ) throws(CaptureError<HandoverError>) -> HandoverSummary {
    let side: SourceSide
    let sink: HandoverSink
    do throws(HandoverError.Cause) {
      guard offer.permits else {
        try? offer.link.send(.settled)
        throw .refused(offer.report)
      }
      let connections = SourceConnections()
      side = SourceSide(self, offer.link, try journal(), join(connections, offer.link))
      // The target has what is sent when it has read it, which may take its time.
      side.link.expectSoon(false)
      do throws(StreamIOError) {
        sink = HandoverSink(
          try writer(side, coding(offer.windowByteCount), channelCount: offer.channelCount), side)
      } catch {
        throw .stream(error)
      }
    } catch {
      throw CaptureError(cause: .sink(HandoverError("\(options.address)", error)))
    }
    do throws(CaptureError<HandoverError>) {
      // Behind the state it is asked whether the target is prepared, and whether it runs.
      var engine = engine
      engine.options.downtimeLimit = max(
        .zero, engine.options.downtimeLimit - offer.roundTrip * 2)
      let summary = try engine.run(into: sink)
      let wait = offer.link.connection.traffic.sendWaitingTime + side.connections.wait
      return HandoverSummary(
        capture: summary, end: side.end, linkWait: wait / Int(offer.channelCount))
    } catch {
      side.giveUp(error)
      throw error
    }
  }

  /// The writer of the stream into all channels: the first is that of the side, and the others join
  /// it.
  private func writer(
    _ side: SourceSide, _ coding: StreamCoding, channelCount: UInt16
  ) throws(StreamIOError) -> StripedWriter {
    let failure = side.failure
    let join = join(side.connections, side.link)
    let first = try coding.writer(
      to: ChannelSink(side.channel, failure), channel: 0, of: channelCount)
    return try StripedWriter(first: first) { (number) throws(StreamIOError) in
      var join = join
      join.hello.channel = number
      let channel: SourceChannel
      do throws(HandoverError.Cause) {
        let (link, count) = try join.connect()
        guard count == 0 else {
          throw HandoverError.Cause.malformed("expected a new channel, found one of \(count) bytes")
        }
        channel = SourceChannel(link, join)
      } catch {
        failure.note(error)
        throw error.asStreamError("\(join.options.address)")
      }
      return try coding.writer(
        to: ChannelSink(channel, failure), channel: number, of: channelCount)
    }
  }

  /// How the channels join the handover, and come back; the first one's number stands there.
  private func join(
    _ connections: SourceConnections, _ first: PeerLink
  ) -> ChannelJoin {
    ChannelJoin(
      options: options, hello: hello(.channel), connections: connections,
      certificate: first.connection.peerCertificateDigest, told: reconnecting)
  }

  private func hello(_ purpose: HandoverMessage.Hello.Purpose) -> HandoverMessage.Hello {
    var hello = HandoverMessage.Hello(handover, purpose: purpose)
    switch purpose {
    case .check: hello.channelCount = options.channelCount
    case .handover:
      hello.channelCount = options.channelCount
      hello.secret = secret
      if options.retry > .zero { hello.keptByteCount = UInt64(SourceChannel.keptByteLimit) }
    case .channel: hello.secret = secret
    case .resolve: break
    }
    hello.producer = options.producer
    hello.patience = UInt32(clamping: Int(options.patience / .milliseconds(1)))
    return hello
  }

  private func journal() throws(HandoverError.Cause) -> Journal<SourceDecision> {
    do throws(StreamIOError) {
      return try Journal<SourceDecision>.begin(
        of: handover, in: options.journals.path,
        facts: [
          "peer": .string("\(options.address)"),
          "devices": .strings(engine.sources.map(\.device.name)),
        ])
    } catch {
      throw .journal(error)
    }
  }

  /// Sends what the stream will say of the devices, as a stream without state, and waits for what
  /// the target says of it.
  private func introduce(
    _ introductions: [DeviceIntroduction], over link: PeerLink
  ) throws(HandoverError.Cause) -> (CompatibilityReport, permits: Bool) {
    let failure = LinkFailure()
    do throws(StreamIOError) {
      var writer = try StreamWriter(
        to: LinkSink(link, failure), header: StreamHeader(uuid: handover))
      try writer.write(.information(engine.information))
      for introduction in introductions { try writer.write(introduction) }
      try writer.finish()
    } catch {
      throw failure.cause ?? .stream(error)
    }
    switch try link.receive() {
    case .message(.report(let report, let permits)): return (report, permits)
    case .message(.failed(let failure)): throw .peer(failure)
    case .message, .bytes: throw .malformed("expected a report, found another message")
    }
  }

  /// Asks the target what became of the handover; nil if it has no journal of it.
  public func ask() throws(HandoverError) -> TargetDecision? {
    do throws(HandoverError.Cause) {
      let link = try options.connect()
      link.expectSoon()
      _ = try link.greet(hello(.resolve))
      guard case .message(.resolution(let decision)) = try link.receive() else {
        throw HandoverError.Cause.malformed(
          "expected what became of the handover, found another message")
      }
      return decision
    } catch {
      throw HandoverError("\(options.address)", error)
    }
  }
}

/// What became of devices that a source handed over.
public struct HandoverSummary: Sendable {
  /// What was read of the devices.
  public let capture: CaptureSummary
  /// Who runs them.
  public let end: HandoverEnd
  /// How long the stream has waited for the link; of several channels, the average.
  public let linkWait: Duration
}

/// What a target has said of devices that a source has introduced, and the connection to it.
public struct HandoverOffer {
  /// What the target found when it held its devices against these.
  public let report: CompatibilityReport
  /// Whether the target goes on.
  public let permits: Bool
  /// The channels that the stream with the state goes over.
  public let channelCount: UInt16
  /// How long the target took to answer the greeting.
  public let roundTrip: Duration
  /// How what passes is protected.
  public var security: ConnectionSecurity { link.connection.security }
  let link: PeerLink
  let windowByteCount: UInt64?
}
