/// How a capture goes about its work.
public struct CaptureOptions: Sendable, Hashable {
  /// Whether state is read while the devices run, if their drivers can.
  public var usesPreCopy = true
  /// The devices are stopped once what is left is expected to take no longer than this.
  public var downtimeLimit = Duration.milliseconds(300)
  /// They are stopped after this many rounds of pre-copy in any case,
  public var iterationLimit = 30
  /// and after this time.
  public var preCopyTimeLimit = Duration.seconds(3600)
  /// The most bytes of state to read in a second while the devices run; nil for as many as there
  /// are.
  public var bandwidth: UInt64?
  /// Whether the devices run again once the stream has its end.
  public var resumes = false
  /// Whether several devices may be captured though not all can be kept from reaching into each
  /// other.
  public var allowsMissingP2P = false

  /// Pre-copy if the drivers have it, then at most 300 ms of downtime; the devices stay stopped.
  public init() {}
}
