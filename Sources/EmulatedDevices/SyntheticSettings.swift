/// What a synthetic device is like.
public struct SyntheticSettings: Sendable, Hashable {
  /// The bytes of the device's memory.
  public var byteCount: UInt64 = 64 << 20
  /// How many of them can be read while the device runs; none makes a driver without PRE_COPY.
  public var preCopyByteCount: UInt64 = 0
  /// How many bytes change while 100 are read from the running device.
  public var dirtyPercentage = 0
  public var seed: UInt64 = 0
  /// Whether the driver has the P2P states.
  public var hasP2P = true
  /// Whether the driver can migrate at all.
  public var canMigrate = true
  /// Whether "nothing now" is a read of 0 bytes and not ENOMSG.
  public var isIdleZero = false
  /// How many times the device starts over with new initial data, once what it had was read.
  public var reinitializationCount = 0
  /// The bits of a PASID; 0 where none can be attached.
  public var pasidWidth = 20

  public init() {}

  /// The greatest memory: its books take 24 MiB.
  public static let byteCountLimit: UInt64 = 256 << 30

  /// The first thing that is wrong with the settings.
  public var defect: String? {
    if !(1...Self.byteCountLimit).contains(byteCount) {
      return "expected a size of 1 byte to 256 GiB, found \(byteCount)"
    }
    if preCopyByteCount > byteCount {
      return "expected at most the size (\(byteCount)) in pre-copy, found \(preCopyByteCount)"
    }
    if !(0...1000).contains(dirtyPercentage) {
      return "expected 0 % to 1000 % dirty, found \(dirtyPercentage) %"
    }
    if !(0...20).contains(pasidWidth) {
      return "expected PASIDs of 0 to 20 bits, found \(pasidWidth)"
    }
    return nil
  }
}
