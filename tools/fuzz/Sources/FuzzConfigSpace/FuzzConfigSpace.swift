import ByteIO
import FuzzSupport
import PCIConfig
import Reports

/// The entry point of libFuzzer.
///
/// An input is a dump: the text of `lspci -x…`, or the raw bytes of one space. What must hold: no
/// crash; a walk that ends; capabilities and maps that stay within the space; a report of every
/// device, however broken.
@c(LLVMFuzzerTestOneInput)
public func fuzzConfigSpace(bytes: UnsafePointer<UInt8>?, count: Int) -> CInt {
  guard let bytes, count > 0 else { return -1 }
  let input = [UInt8](UnsafeBufferPointer(start: bytes, count: count))
  guard let dump = try? ConfigSpaceDump(parsing: input) else { return 0 }
  for device in dump.devices {
    check(device.space)
    let report = ConfigSpaceReport(device)
    require(!report.text.isEmpty, "a device has a report")
    require(report.json.text.utf8.first == UInt8(ascii: "{"), "JSON is an object")
  }
  return 0
}

private func check(_ space: ConfigSpace) {
  let list = space.capabilityList
  for capability in list.capabilities {
    require(
      capability.offset >= 0 && capability.offset + capability.length <= space.byteCount,
      "a capability lies within its space: \(capability)")
    _ = space.registers(of: capability)
  }
  let map = ConfigSpaceMap(space, list)
  var end = 0
  for entry in map.entries {
    require(entry.range.lowerBound >= end, "the ranges of a map do not overlap: \(entry)")
    end = entry.range.upperBound
  }
  require(end <= space.byteCount, "the ranges of a map lie within the space")
}
