/// What a driver can do for migration: the flags of `VFIO_DEVICE_FEATURE_MIGRATION`
/// (include/uapi/linux/vfio.h).
public struct MigrationAbilities: OptionSet, Sendable, Hashable {
  public let rawValue: UInt64
  public init(rawValue: UInt64) { self.rawValue = rawValue }

  /// `VFIO_MIGRATION_STOP_COPY`: what every driver that can migrate at all has.
  public static var stopCopy: Self { Self(rawValue: 1) }
  /// `VFIO_MIGRATION_P2P`: the device can be kept from reaching into others before it stops.
  public static var peerToPeer: Self { Self(rawValue: 2) }
  /// `VFIO_MIGRATION_PRE_COPY`: some state can be read while the device runs.
  public static var preCopy: Self { Self(rawValue: 4) }
}

extension MigrationAbilities: CustomStringConvertible {
  /// `STOP_COPY, P2P, PRE_COPY`, or `none`.
  public var description: String {
    let names: [(Self, String)] = [
      (.stopCopy, "STOP_COPY"), (.peerToPeer, "P2P"), (.preCopy, "PRE_COPY"),
    ]
    let known = names.filter { contains($0.0) }.map(\.1)
    return known.isEmpty ? "none" : known.joined(separator: ", ")
  }
}
