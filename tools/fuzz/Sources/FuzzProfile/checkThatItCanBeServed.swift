import FuzzSupport
import PCIConfig
import QEMUStream
import Reports
import VirtualPCI

/// Checks `layout` against a device that has what the layout itself shows, and serves accesses of
/// every size from it.
func checkThatItCanBeServed(_ layout: ProfileLayout) {
  guard let space = try? ConfigSpace(layout.synthesized) else {
    return require(false, "what is synthesised is a configuration space")
  }
  let host = HostFunction(space, label: "itself")
  _ = layout.check(host, iommu: IOMMUFacts(pasidWidth: 20)).text
  _ = QEMULoadCheck(stream: space, local: space).text
  require(ConfigSpaceComparison(space, space).areEqual, "a space is equal to itself")
  let places = PhysicalOffsets(of: layout, on: host)
  guard places.missing.isEmpty,
    var virtual = try? VirtualConfigSpace(layout, at: places, on: Bytes(bytes: space.bytes))
  else { return }
  for offset in stride(from: -8, to: layout.byteCount + 8, by: 3) {
    let size = 1 + abs(offset) % 8
    virtual.write(
      offset, byteCount: size, value: 0xa5a5_5a5a_ffff_0000 &+ UInt64(bitPattern: Int64(offset)))
    _ = virtual.read(offset, byteCount: size)
  }
  let saved = virtual.save()
  do throws(ConfigRestoreError<Never>) {
    try virtual.restore(saved)
  } catch {
    require(false, "a space takes its own state back: \(error)")
  }
}

private struct Bytes: PhysicalConfigAccess {
  var bytes: [UInt8]

  func read(_ offset: Int, byteCount: Int) -> UInt32 {
    (0..<byteCount).reduce(0) { $0 | UInt32(bytes[offset + $1]) << UInt32(8 * $1) }
  }

  mutating func write(_ offset: Int, byteCount: Int, value: UInt32) {
    for index in 0..<byteCount {
      bytes[offset + index] = UInt8(truncatingIfNeeded: value >> UInt32(8 * index))
    }
  }
}
