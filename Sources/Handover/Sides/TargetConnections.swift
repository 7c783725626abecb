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
    channels[0] = TargetChannel(link, number: 0, of: channelCount)
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
      do throws(TransportError) {
        if let connection = try accept(min(end, .now + .milliseconds(200))) {
          hear(connection)
        }
      } catch {
        throw .transport(error)
      }
    }
  }

  /// Hears who has connected while the handover is under way: a channel of it, or somebody who gets
  /// an answer and goes.
  private func hear(_ connection: Connection) {
    let link = PeerLink(connection, patience: target.patience)
    link.expectSoon()
    guard let found = try? link.hear() else { return }
    guard found.purpose == .channel else {
      _ = try? target.answer(found, over: link)
      return
    }
    var answer = target.hello(to: found)
    if let refusal = refusal(of: found) {
      guard (try? link.answer(answer, to: found)) != nil else { return }
      return link.end(with: .failed(PeerFailure(refusal)))
    }
    answer.receivedByteCount = 0
    guard (try? link.answer(answer, to: found)) != nil else { return }
    let number = Int(found.channel)
    channels[number] = TargetChannel(link, number: number, of: channelCount)
  }

  /// Why a connection is no channel of the handover; nil if it is one. Who does not know the secret
  /// learns nothing else.
  private func refusal(of found: HandoverMessage.Hello) -> String? {
    guard found.handover == hello.handover, let secret = hello.secret, found.secret == secret else {
      return "it is in no handover with this id and this secret"
    }
    guard found.channel < channelCount else {
      return "expected a channel below \(channelCount), found \(found.channel)"
    }
    guard channels[Int(found.channel)] == nil else {
      return "channel \(found.channel) is connected already"
    }
    return nil
  }
}
