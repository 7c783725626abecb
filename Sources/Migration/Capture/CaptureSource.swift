public import Devices
public import MigrationStream
import StateTranslation
public import VirtualPCI

/// A device to capture, and what is known of it from elsewhere.
public struct CaptureSource {
  /// The device itself, which is to be in RUNNING.
  public var device: any MigratableDevice
  /// The bindings that the VMM made for the device.
  public var pasids: PASIDTable?
  /// The profile that the guest was shown; a device that cannot carry it is refused.
  public var profile: ProfileLayout?
  /// The configuration space that the VMM served, with what the guest wrote to it; if there is
  /// none, it is taken to be the profile's as after a reset.
  public var guestSpace: ConfigSpaceState?
  /// What is so while the device is captured, for the stream to say.
  public var circumstances: DeviceIdentity.Circumstances?
  /// The interrupts that the guest programmed, which the VMM alone knows.
  public var interrupts: InterruptState?

  /// A device with what its VMM knows of it; what is not given does not get into the stream.
  public init(
    _ device: any MigratableDevice, pasids: PASIDTable? = nil, profile: ProfileLayout? = nil,
    guestSpace: ConfigSpaceState? = nil, interrupts: InterruptState? = nil
  ) {
    self.device = device
    self.pasids = pasids
    self.profile = profile
    self.guestSpace = guestSpace
    self.interrupts = interrupts
  }
}

extension CaptureSource {
  /// What the stream says of the device, whose driver has `abilities`.
  func introduction(
    number: UInt16, abilities: MigrationAbilities
  ) throws(DeviceError) -> DeviceIntroduction {
    var identity = try device.identity()
    identity.migrationFlags = abilities.rawValue
    identity.circumstances = circumstances
    identity.stopCopyByteCount = try device.knownStopCopyByteCount()
    let physical = try device.configurationRegion()
    var record = try shownSpace(physical).map(ConfigurationRecord.init) ?? ConfigurationRecord()
    record.physical = physical.isEmpty ? nil : physical
    return DeviceIntroduction(
      number: number, identity: identity,
      configuration: record == ConfigurationRecord() ? nil : record, interrupts: interrupts,
      pasids: pasids)
  }
}
