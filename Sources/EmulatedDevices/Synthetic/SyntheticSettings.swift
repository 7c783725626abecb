/// The settings of a synthetic device.
package struct SyntheticSettings: Sendable, Hashable {
  /// The bytes of the device's memory.
  package var byteCount: UInt64 = 64 << 20
  /// How many of them can be read while the device runs; none makes a driver without PRE_COPY.
  package var preCopyByteCount: UInt64 = 0
  /// How many bytes change while 100 are read from the running device.
  package var dirtyPercentage = 0
  package var seed: UInt64 = 0
  /// Whether the driver has the P2P states.
  package var hasP2P = true
  /// Whether the driver can migrate at all.
  package var canMigrate = true
  /// Whether "nothing now" is a read of 0 bytes and not ENOMSG.
  package var isIdleZero = false
  /// How many times the device starts over with new initial data, once what it had was read.
  package var reinitializationCount = 0
  /// The bits of a PASID; 0 if none can be attached.
  package var pasidWidth = 20
  /// The bytes a second that a device which is served writes to the guest's memory; 0 for none.
  package var dmaRate: UInt64 = 0

  package init() {}

  /// The greatest memory: its books take 24 MiB.
  package static let byteCountLimit: UInt64 = 256 << 30

  private static let dmaRateLimit: UInt64 = 256 << 20

  /// The first thing that is wrong with the settings.
  package var defect: String? {
    if !(1...Self.byteCountLimit).contains(byteCount) {
      return "expected a size of 1 byte to 256 GiB, found \(byteCount)"
    }
    if preCopyByteCount > byteCount {
      return "expected at most the size (\(byteCount)) in pre-copy, found \(preCopyByteCount)"
    }
    if !(0...1000).contains(dirtyPercentage) {
      return "expected 0 % to 1000 % dirty, found \(dirtyPercentage) %"
    }
    if dmaRate > Self.dmaRateLimit {
      return "expected at most 256 MiB a second of DMA, found \(dmaRate)"
    }
    if !(0...20).contains(pasidWidth) {
      return "expected PASIDs of 0 to 20 bits, found \(pasidWidth)"
    }
    return nil
  }
}
