/// What a guest's reads and writes of some bits do.
public enum BitAccess: String, Sendable, Hashable {
  /// Reads as the profile's value; writes are ignored.
  case constant
  /// Reads as what the guest wrote last; the device never sees it.
  case emulated
  /// As `emulated`, and every write also goes to the device's own register.
  case forwarded
  /// Emulated, and a 1 written clears the bit (RW1C).
  case clearable
  /// Reads as 0; a 1 written asks the VMM for something, such as a reset.
  case trigger
  /// Reads and writes go to the device.
  case device
  /// Reads go to the device; writes are ignored.
  case deviceReadOnly
  /// Reads go to the device, and so does a 1 written, which clears the bit there (RW1C).
  case deviceClearable

  /// Whether a guest reads the device's own bits.
  public var readsDevice: Bool {
    switch self {
    case .device, .deviceReadOnly, .deviceClearable: true
    case .constant, .emulated, .forwarded, .clearable, .trigger: false
    }
  }

  /// Whether the device must have such a register for the access to mean anything.
  public var needsDevice: Bool { readsDevice || self == .forwarded }

  /// Whether a VMM keeps state for the bits.
  public var isEmulated: Bool {
    switch self {
    case .emulated, .forwarded, .clearable: true
    case .constant, .trigger, .device, .deviceReadOnly, .deviceClearable: false
    }
  }
}
