public import Devices
public import VirtualPCI

/// A device that takes the state of one of a stream's devices.
public struct ReplayTarget {
  /// The device that takes the state.
  public var device: any MigratableDevice
  /// The number of the stream's device.
  public var number: UInt16
  /// The profile that the guest is shown from now on; overrides what the stream says of it.
  public var profile: ProfileLayout?
  /// Whoever shows the guest its configuration space, if it is to go on with what it saw.
  public var guestSpaceServer: (any GuestSpaceServer)?
  /// What is known of the state that it is to take; nil for a stream that is read once, whose
  /// state the engine judges itself, if it is small.
  public var judgement: StateJudgement?

  /// A target for one device of the stream.
  public init(_ device: any MigratableDevice, number: UInt16, profile: ProfileLayout? = nil) {
    self.device = device
    self.number = number
    self.profile = profile
  }
}
