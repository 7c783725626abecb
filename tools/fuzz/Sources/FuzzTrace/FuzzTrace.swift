import ByteIO
import FuzzSupport
import VFIO

/// The entry point of libFuzzer.
///
/// An input is a trace, or the text of FERRY_FDS. What must hold: no crash; what is accepted means
/// the same when it is written and read again.
@c(LLVMFuzzerTestOneInput)
public func fuzzTrace(bytes: UnsafePointer<UInt8>?, count: Int) -> CInt {
  guard let bytes, count > 0 else { return -1 }
  let text = [UInt8](UnsafeBufferPointer(start: bytes, count: count))
  var trace = TraceReader(MemoryInput<Never>(text))
  while let record = try? trace.next() {
    let again = try? TraceRecord(parsing: [UInt8](record.json.line.utf8))
    require(again == record, "a line of a trace survives a round trip: \(record.json.line)")
    require(!record.text.isEmpty, "every call has a text")
  }
  if let devices = try? InheritedDevice.devices(parsing: String(decoding: text, as: UTF8.self)) {
    let again = try? InheritedDevice.devices(parsing: InheritedDevice.text(of: devices))
    require(again == devices, "descriptors survive a round trip: \(devices)")
  }
  return 0
}
