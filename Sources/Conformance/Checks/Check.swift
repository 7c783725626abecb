import Devices

/// One thing that a driver's migration support must do, or is advised to do, and how to find out.
public struct Check: Sendable {
  /// What the check is called, in reports and on command lines.
  public let name: String
  /// What it finds out, in a sentence.
  public let summary: String
  /// Why a driver should: a sentence of the uAPI in other words, and where it stands.
  public let source: Source
  /// Whether a failure fails a run.
  public let level: Level
  /// Whether it may cost the device its state: it loads damaged state, or resets, opens or closes
  /// the device in another state than RUNNING.
  public let isDestructive: Bool

  let needs: [Need]
  let run: @Sendable (CheckSession) throws(DeviceError) -> Void

  /// Where a check comes from.
  public struct Source: Sendable, Hashable {
    /// The place, as a file and a name in it.
    public let place: String
    /// What stands there, in other words.
    public let sentence: String
  }

  /// How much a failure matters.
  public enum Level: String, Sendable, Hashable, CaseIterable {
    /// The uAPI says so: a failure fails the run.
    case required
    /// Good for whoever migrates the device, but no promise of the uAPI: a failure is noted.
    case advised
  }

  /// What a check cannot do without.
  enum Need {
    case peerToPeer, preCopy, savedState, stateSizes, features, dmaLogging, poll, reopening, layout
  }

  init(
    _ name: String, _ summary: String, _ source: Source, _ level: Level = .required,
    isDestructive: Bool = false, needs: [Need] = [],
    run: @escaping @Sendable (CheckSession) throws(DeviceError) -> Void
  ) {
    self.name = name
    self.summary = summary
    self.source = source
    self.level = level
    self.isDestructive = isDestructive
    self.needs = needs
    self.run = run
  }
}

extension Check.Source {
  /// A sentence of include/uapi/linux/vfio.h of Linux 7.2, at the definition of `name`.
  static func header(_ name: String, _ sentence: String) -> Self {
    Self(place: "include/uapi/linux/vfio.h, \(name)", sentence: sentence)
  }

  /// No sentence of anybody's, but what those who migrate devices rely on.
  static func practice(_ sentence: String) -> Self {
    Self(place: "practice", sentence: sentence)
  }
}
