/// How several devices agree on some bits of a profile, and what the profile then asks of each.
///
/// One rule serves both directions, so that what `derive` writes is what `check` accepts.
public enum MergeRule: String, Sendable, Hashable {
  /// The policy's value; devices are not asked.
  case fixed
  /// The bits that every device has; a device must have every bit of the profile.
  case common
  /// The smallest number; a device must have at least the profile's.
  case least
  /// The bits that every device has, for show: a device is not held to them.
  case commonShown
  /// The smallest number, for show: a device is not held to it.
  case leastShown
  /// The first device's value, for show.
  case first

  /// Whether a device can fail to carry the profile's value.
  public var isChecked: Bool {
    switch self {
    case .common, .least: true
    case .fixed, .commonShown, .leastShown, .first: false
    }
  }

  /// The value for all of `values`, which have been moved down to bit 0; `fallback` if nobody is
  /// asked.
  func merge(_ values: [UInt32], fallback: UInt32) -> UInt32 {
    guard let first = values.first else { return fallback }
    switch self {
    case .fixed: return fallback
    case .common, .commonShown: return values.reduce(first, &)
    case .least, .leastShown: return values.reduce(first, min)
    case .first: return first
    }
  }

  /// Whether a device with `found` can carry a profile with `wanted`.
  func isMet(wanted: UInt32, found: UInt32) -> Bool {
    switch self {
    case .common: wanted & ~found == 0
    case .least: found >= wanted
    case .fixed, .commonShown, .leastShown, .first: true
    }
  }
}
