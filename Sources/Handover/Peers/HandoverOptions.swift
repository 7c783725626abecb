public import Transport

/// Where the other side is, and how much patience there is with it.
public struct HandoverOptions: Sendable {
  /// Where the target listens.
  public var address: NetworkAddress
  /// How what passes is protected.
  public var protection = Protection.thisHostOnly
  /// The most time without a sign of the peer's life.
  public var patience = Duration.seconds(30)
  /// The connections that the stream with the state goes over, 1 to 16; a target may take fewer.
  public var channelCount: UInt16 = 1
  /// The most time, in total, that each channel may be without a connection; with none, the first
  /// connection that is lost ends the handover.
  public var retry = Duration.zero
  /// Where decisions are written down.
  public var journals: JournalFolder
  /// The program, with its version, for the peer.
  public var producer: String?

  /// A handover to who listens at `address`.
  public init(to address: NetworkAddress, journals: JournalFolder) {
    self.address = address
    self.journals = journals
  }
}

/// How a handover stands, as far as its source knows.
public enum HandoverEnd: Sendable, Hashable {
  /// The target's devices run.
  case running([HandoverMessage.DeviceLine])
  /// The source has committed, and does not know whether the target runs: for a reason.
  case inDoubt(String)
}
