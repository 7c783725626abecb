public import ByteIO
import Devices
public import Migration
public import MigrationStream
public import StreamIO
import Transport

/// The side of a handover that gives its devices away.
public struct HandoverSource {
  /// Takes the state out of the devices.
  public var engine: CaptureEngine
  /// Where the target is.
  public var options: HandoverOptions
  /// Which handover it is.
  public let handover: StreamUUID
  /// Told what the target says of what was introduced, before anything is done.
  public var reported: (CompatibilityReport) -> Void = { _ in }
  /// Told once when the source begins to be in doubt, with the reason; it then asks the target
  /// until that answers.
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
  public func check() throws(CaptureError<HandoverError>) -> (CompatibilityReport, permits: Bool) {
    let introductions = try engine.introductions(failingAs: HandoverError.self)
    do throws(HandoverError.Cause) {
      let link = try connect()
      _ = try link.greet(hello(.check))
      let answer = try introduce(introductions, over: link)
      try link.send(.settled)
      return answer
    } catch {
      throw CaptureError(cause: .sink(HandoverError("\(options.address)", error)))
    }
  }

  /// Hands the devices over.
  ///
  /// If it throws, the devices run as before, or are as its outcomes say. If it returns, they are
  /// stopped, and never run here again unless the handover is settled otherwise.
  ///
  /// - Parameter writer: makes the writer of the stream into a sink, for a target that gives chunks
  ///   that refer to earlier ones a memory of so many bytes.
  public func run(
    writer: (consuming any ByteSink<StreamIOError> & ~Copyable, UInt64?) throws(StreamIOError) ->
      StreamWriter
  ) throws(CaptureError<HandoverError>) -> (CaptureSummary, HandoverEnd) {
    let introductions = try engine.introductions(failingAs: HandoverError.self)
    let side: SourceSide
    let sink: HandoverSink
    do throws(HandoverError.Cause) {
      let link = try connect()
      let target = try link.greet(hello(.handover))
      let (report, permits) = try introduce(introductions, over: link)
      reported(report)
      guard permits else {
        try? link.send(.settled)
        throw .refused(report)
      }
      side = SourceSide(self, link, try journal(of: introductions))
      do throws(StreamIOError) {
        let output = LinkSink(link, .stream, side.failure)
        sink = HandoverSink(try writer(output, target.windowByteCount), side)
      } catch {
        throw .stream(error)
      }
    } catch {
      throw CaptureError(cause: .sink(HandoverError("\(options.address)", error)))
    }
    do throws(CaptureError<HandoverError>) {
      let summary = try engine.run(into: sink)
      return (summary, side.end)
    } catch {
      side.giveUp(error)
      throw error
    }
  }

  private func hello(_ purpose: HandoverMessage.Hello.Purpose) -> HandoverMessage.Hello {
    var hello = HandoverMessage.Hello(handover, purpose: purpose)
    hello.producer = options.producer
    hello.patience = UInt32(clamping: Int(options.patience / .milliseconds(1)))
    return hello
  }

  private func connect() throws(HandoverError.Cause) -> PeerLink {
    do throws(TransportError) {
      return PeerLink(
        try Connection(
          to: options.address, insecure: options.isInsecure, patience: options.patience),
        patience: options.patience)
    } catch {
      throw .transport(error)
    }
  }

  private func journal(
    of introductions: [DeviceIntroduction]
  ) throws(HandoverError.Cause) -> Journal<SourceDecision> {
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
        to: LinkSink(link, .introduction, failure), header: StreamHeader(uuid: handover))
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
      let link = try connect()
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
