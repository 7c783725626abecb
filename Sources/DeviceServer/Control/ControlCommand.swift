public import VFIOUser

/// What the control socket has beside the protocol's commands: its other end is Ferry's own.
///
/// Numbers that the specification leaves free; bodies and replies are JSON.
extension MessageCommand {
  /// Who is connected, what the device does, and what was asked of it.
  public static var controlStatus: Self { Self(rawValue: 0xfe01) }
  /// What the guest sees of the configuration space; no body for a device without profile.
  public static var readGuestSpace: Self { Self(rawValue: 0xfe02) }
  /// Has the guest see a configuration space as it was on another device.
  public static var writeGuestSpace: Self { Self(rawValue: 0xfe03) }
}
