/// The configuration space of the device behind a virtual one: a region of a VFIO device, or bytes
/// in a test.
public protocol PhysicalConfigAccess: ~Copyable {
  /// Reads 1, 2 or 4 bytes at an offset that is a multiple of the count, lowest byte first; all
  /// ones on failure.
  func read(_ offset: Int, byteCount: Int) -> UInt32
  /// Writes 1, 2 or 4 bytes at an offset that is a multiple of the count, lowest byte first.
  mutating func write(_ offset: Int, byteCount: Int, value: UInt32)
}
