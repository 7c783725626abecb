public import Migration
public import MigrationStream
public import StreamIO
public import Transport

/// Why a handover did not come to its end.
public struct HandoverError: Error, Sendable {
  /// What went wrong.
  public enum Cause: Error, Sendable {
    /// The connection failed.
    case transport(TransportError)
    /// The peer does not keep to the protocol; the text says what was expected and found.
    case malformed(String)
    /// The peer speaks no version of the protocol that is spoken here.
    case version(lowest: UInt16, highest: UInt16)
    /// The peer's devices cannot take the stream, by the report that it sent.
    case refused(CompatibilityReport)
    /// The peer could not do its part; its words.
    case peer(PeerFailure)
    /// The stream could not be read or written.
    case stream(StreamIOError)
    /// A decision could not be written down, so nothing was done on it.
    case journal(StreamIOError)
    /// The devices here failed, or were asked to do what they cannot; what became of them is told.
    case devices(ReplayError<StreamIOError>)
    /// Devices that waited for the word to run were taken back for a reason; how they are, by the
    /// numbers of the stream.
    indirect case undone(Cause, [UInt16: DeviceOutcome])
    /// Whoever runs this did not want it any more.
    case cancelled

    /// By the number of the stream's device: how those were left that were touched here.
    public var outcomes: [UInt16: DeviceOutcome] {
      switch self {
      case .devices(let error): error.outcomes
      case .undone(_, let outcomes): outcomes
      default: [:]
      }
    }
  }

  /// The peer.
  public let peer: String
  /// The failure.
  public let cause: Cause
  /// Which handover it is about, if the peer came to say so.
  public var handover: StreamUUID?

  /// An error of a handover with the peer.
  public init(_ peer: String, _ cause: Cause) {
    self.peer = peer
    self.cause = cause
  }
}

/// What a peer says of a failure on its side.
public struct PeerFailure: Sendable, Hashable {
  /// In its words.
  public var text: String
  /// What became of its devices, a line each.
  public var outcomes: [String] = []
  /// Whether its devices cannot take the stream; else something went wrong.
  public var isRefusal = false

  /// A failure with nothing known of the devices.
  public init(_ text: String, outcomes: [String] = []) {
    self.text = text
    self.outcomes = outcomes
  }
}

extension HandoverError: CustomStringConvertible {
  public var description: String {
    switch cause {
    case .transport(let error): "\(error)"
    case .malformed(let text): "\(peer): \(text)"
    case .version(let lowest, let highest):
      "\(peer): expected version \(HandoverMessage.version) of the handover protocol, found "
        + (lowest == highest ? "\(lowest)" : "\(lowest) to \(highest)")
    case .refused(let report):
      "\(peer): its devices cannot take the stream\(report.reasonLines)"
    case .peer(let failure):
      "\(peer): \(failure.text)" + failure.outcomes.map { "\n  there \($0)" }.joined()
    case .stream(let error): "\(error)"
    case .journal(let error): "the journal: \(error)"
    case .devices(let error):
      switch error.cause {
      case .incompatible(let report):
        "the devices cannot take the stream\(report.reasonLines)"
      case .device(let cause, let number): "device \(number): \(cause)"
      case .source(let cause): "\(cause)"
      case .unverified(let number):
        "expected a digest of device \(number) that is known here, found none"
      case .cancelled: "cancelled"
      }
    case .undone(let cause, _): HandoverError(peer, cause).description
    case .cancelled: "cancelled"
    }
  }
}

extension CompatibilityReport {
  /// What keeps devices from taking a stream, a line each.
  fileprivate var reasonLines: String {
    let reasons = findings.filter { $0.severity == .incompatible || $0.severity == .unknown }
    return (reasons.isEmpty ? findings : reasons).map { "\n  \($0)" }.joined()
  }
}
