import Migration
import MigrationStream
import StreamIO
import Transport

/// The connections of a handover at its target: who joins it, and who is told that it cannot.
final class TargetConnections {
  let channelCount: Int
  private let hello: HandoverMessage.Hello
  private let target: HandoverTarget
  private let accept: HandoverTarget.Acceptor?
  private var channels: [TargetChannel?]
  // How long each may still be without a connection.
  private var timeLeft: [Duration]

  /// Those of the handover that has begun with `hello` over `link`; `accept` has the further ones.
  init(
    _ target: HandoverTarget, _ link: PeerLink, _ hello: HandoverMessage.Hello,
    _ accept: HandoverTarget.Acceptor?
  ) {
    self.target = target
    self.hello = hello
    self.accept = accept
    channelCount = accept == nil ? 1 : Int(hello.channelCount)
    channels = [TargetChannel?](repeating: nil, count: channelCount)
    timeLeft = [Duration](repeating: target.retry, count: channelCount)
    add(link, as: 0)
  }

  private func add(_ link: PeerLink, as number: Int) {
    let channel = TargetChannel(
      link, number: number, of: channelCount, keptByteCount: hello.keptByteCount)
    channels[number] = channel
    guard canResume else { return }
    channel.resume = { [unowned self, unowned channel] (cause) throws(HandoverError.Cause) in
      try self.resume(channel, number, after: cause)
    }
  }

  /// Whether both sides go on over another connection when one is lost.
  private var canResume: Bool {
    accept != nil && hello.keptByteCount > 0 && hello.secret != nil && target.retry > .zero
  }

  /// Waits for a connection in place of one that was lost, for as long as there is time left.
  private func resume(
    _ channel: TargetChannel, _ number: Int, after cause: HandoverError.Cause
  ) throws(HandoverError.Cause) {
    guard let accept, case .transport(let failure) = cause, failure.cause != .interrupted else {
      throw cause
    }
    channel.link.abandon()
    target.reconnecting(HandoverError(channel.name, cause))
    let start = ContinuousClock.now
    defer { timeLeft[number] -= ContinuousClock.now - start }
    while !channel.takeReplacement() {
      guard ContinuousClock.now - start < timeLeft[number], !target.engine.isCancelled() else {
        throw cause
      }
      try hearNext(accept, until: .now + .milliseconds(200))
    }
  }

  /// The next that the source says on channel 0, while others come back that it has lost; nil if
  /// that has another connection now, over which nothing was said.
  func receive() throws(HandoverError.Cause) -> PeerLink.Incoming? {
    guard let accept, canResume else { return try self[0].receive() }
    var heard = ContinuousClock.now
    var pause = Duration.milliseconds(2)
    while true {
      if self[0].takeReplacement() { return nil }
      do throws(HandoverError.Cause) {
        if main.hasInput {
          if let incoming = try main.receiveIfReady() { return incoming }
          heard = .now
        }
        try main.requireLife(since: heard)
      } catch {
        try self[0].resume(error)
        return nil
      }
      try hearNext(accept, until: .now + pause)
      pause = min(pause * 2, .milliseconds(50))
    }
  }

  /// Hears who connects next, if somebody does.
  private func hearNext(
    _ accept: HandoverTarget.Acceptor, until end: ContinuousClock.Instant
  ) throws(HandoverError.Cause) {
    do throws(TransportError) {
      if let connection = try accept(end) { hear(connection) }
    } catch {
      throw .transport(error)
    }
  }

  /// The channel with a number, which must have come.
  subscript(number: Int) -> TargetChannel {
    guard let channel = channels[number] else {
      preconditionFailure("a channel is used once it was gathered")
    }
    return channel
  }

  /// The link on which the handover is decided.
  var main: PeerLink { self[0].link }

  /// Waits for the channels that have not come.
  func gather() throws(HandoverError.Cause) {
    let end = ContinuousClock.now + target.patience * 4
    while let missing = channels.firstIndex(where: { $0 == nil }) {
      guard let accept, ContinuousClock.now < end else {
        throw .malformed("expected \(channelCount) channels, found none with the number \(missing)")
      }
      // A source that gives up says so on the first.
      if let word = try main.receiveIfReady() {
        if case .message(.abort(let text)) = word {
          throw .peer(PeerFailure("the source gave it up: \(text)"))
        }
        throw .malformed("expected its further channels, found a message")
      }
      try hearNext(accept, until: min(end, .now + .milliseconds(200)))
    }
  }

  /// Hears who has connected while the handover is under way: a channel of it, or somebody who gets
  /// an answer and goes.
  private func hear(_ connection: Connection) {
    // Who connects and says nothing must not keep the source waiting.
    let greeting = PeerLink(connection, patience: min(target.patience, .milliseconds(500)))
    guard let found = try? greeting.hear() else { return }
    guard found.purpose == .channel else {
      greeting.expectSoon()
      _ = try? target.answer(found, over: greeting)
      return
    }
    let link = PeerLink(connection, patience: target.patience)
    link.expectSoon()
    var answer = target.hello(to: found)
    if let refusal = refusal(of: found, connection.peerCertificateDigest) {
      guard (try? link.answer(answer, to: found)) != nil else { return }
      return link.end(with: .failed(PeerFailure(refusal)))
    }
    let number = Int(found.channel)
    answer.receivedByteCount = channels[number]?.receivedByteCount ?? 0
    guard (try? link.answer(answer, to: found)) != nil else { return }
    link.expectSoon(false)
    if let channel = channels[number] {
      channel.replace(by: link)
    } else {
      add(link, as: number)
    }
  }

  /// Why a connection is no channel of the handover; nil if it is one. Who does not know the secret
  /// learns nothing else.
  private func refusal(
    of found: HandoverMessage.Hello, _ certificate: [UInt8]?
  ) -> String? {
    guard found.handover == hello.handover, let secret = hello.secret, found.secret == secret else {
      return "it is in no handover with this id and this secret"
    }
    guard certificate == main.connection.peerCertificateDigest else {
      return "it shows another certificate than the source of the handover"
    }
    guard found.channel < channelCount else {
      return "expected a channel below \(channelCount), found \(found.channel)"
    }
    guard channels[Int(found.channel)] == nil || canResume else {
      return "channel \(found.channel) is connected already"
    }
    return nil
  }
}
