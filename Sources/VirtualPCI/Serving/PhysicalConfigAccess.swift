/// The configuration space of the device behind a virtual one: a region of a VFIO device, or bytes
/// in a test.
public protocol PhysicalConfigAccess: ~Copyable {
  /// Why the device may not answer; `Never` for bytes in memory.
  associatedtype Failure: Error

  /// Reads 1, 2 or 4 bytes at an offset that is a multiple of the count, lowest byte first.
  func read(_ offset: Int, byteCount: Int) throws(Failure) -> UInt32
  /// Writes 1, 2 or 4 bytes at an offset that is a multiple of the count, lowest byte first.
  mutating func write(_ offset: Int, byteCount: Int, value: UInt32) throws(Failure)
}
