import ByteIO
import FuzzSupport
import Inputs
import MigrationStream
import PCIConfig
import QEMUStream
import StreamIO
import VFIO

/// The entry point of libFuzzer.
///
/// The first byte of an input chooses a kind of value that the command line takes, the rest is its
/// text. What must hold: no crash; what is accepted is within its bounds, and written down it is
/// read alike again.
@c(LLVMFuzzerTestOneInput)
public func fuzzArgument(bytes: UnsafePointer<UInt8>?, count: Int) -> CInt {
  guard let bytes, count > 0 else { return -1 }
  let input = [UInt8](UnsafeBufferPointer(start: bytes, count: count))
  checks[Int(input[0]) % checks.count](PathBytes([UInt8](input.dropFirst())).text)
  return 0
}

private let checks: [@Sendable (String) -> Void] = [
  checkByteCount, checkDuration, checkBARSize, checkCodingPolicy, checkPart, checkReference,
  checkMachineVersion, checkThreadCount, checkInheritedDevices, checkIdentifiers,
]

private func checkByteCount(_ text: String) {
  guard let count = UInt64(byteCount: text) else { return }
  require(UInt64(byteCount: "\(count)") == count, "\(text) is read alike again")
}

private func checkDuration(_ text: String) {
  guard let duration = Duration(parsing: text) else { return }
  require(duration >= .zero, "\(text) is no time before now")
  let (seconds, attoseconds) = duration.components
  require(seconds <= 60_000_000_000, "\(text) has an end")
  guard seconds < 1_000_000_000 else { return }
  let microseconds = seconds * 1_000_000 + attoseconds / 1_000_000_000_000
  guard microseconds < 1_000_000_000 else { return }
  require(
    Duration(parsing: "\(microseconds)us") == .microseconds(microseconds),
    "\(text) is read alike again in microseconds")
}

private func checkBARSize(_ text: String) {
  guard let size = BARSize(text) else { return }
  require((0...5).contains(size.index), "\(text) is of a BAR")
  require(BARSize("\(size.index)=\(size.byteCount)") == size, "\(text) is read alike again")
}

private func checkCodingPolicy(_ text: String) {
  guard case .fixed(let compression)? = CodingPolicy(text) else { return }
  // The bounds are the coder's.
  require(compression.memoryEstimate(chunkByteCount: 1 << 20) < 1 << 32, "\(text) can be coded")
}

private func checkPart(_ text: String) {
  guard let part = PartDescription(text) else { return }
  var fields = ["state=\(escaped(part.statePath))"]
  func add(_ key: String, _ value: String?) {
    if let value { fields.append("\(key)=\(escaped(value))") }
  }
  add("config", part.configurationPath)
  add("pasid", part.pasidPath)
  add("driver", part.driver)
  add("name", part.name)
  add("ids", part.ids.map { "\(String($0.vendor, radix: 16)):\(String($0.device, radix: 16))" })
  if part.preCopyByteCount > 0 { add("precopy", "\(part.preCopyByteCount)") }
  require(PartDescription(fields.joined(separator: ",")) == part, "\(text) is read alike again")
}

/// A value of a part, in which no comma separates.
private func escaped(_ value: String) -> String {
  var text = String.UnicodeScalarView()
  for scalar in value.unicodeScalars {
    if scalar == "," || scalar == "\\" { text.append("\\") }
    text.append(scalar)
  }
  return String(text)
}

private func checkReference(_ text: String) {
  for hasView in [false, true] {
    guard let reference = DeviceReference(text, hasView: hasView) else { continue }
    let view = reference.isGuestsView ? ":guest" : ""
    require(
      "\(reference.path)#\(reference.selector)\(view)".unicodeScalars.elementsEqual(
        text.unicodeScalars), "\(text) is taken apart without loss")
    require(
      reference.selector.means(0, among: [reference.selector.text]), "\(text) means its device")
  }
}

private func checkMachineVersion(_ text: String) {
  guard let version = QEMUMachineVersion(text) else { return }
  require(
    QEMUMachineVersion("\(version.major).\(version.minor)") == version,
    "\(text) is read alike again")
  require(version.major >= 0 && version.minor >= 0, "\(text) is a version")
}

private func checkThreadCount(_ text: String) {
  guard let count = Int(text).flatMap({ ThreadCount($0) }) else { return }
  require(ThreadCount.range.contains(count.rawValue), "\(text) is within bounds")
}

private func checkInheritedDevices(_ text: String) {
  guard let devices = try? InheritedDevice.devices(parsing: text) else { return }
  require(
    (try? InheritedDevice.devices(parsing: InheritedDevice.text(of: devices))) == devices,
    "\(text) is read alike again")
}

private func checkIdentifiers(_ text: String) {
  if let uuid = StreamUUID(text) {
    require(StreamUUID("\(uuid)") == uuid, "\(text) is read alike again")
  }
  if let token = VFToken(text) {
    require(VFToken("\(token)") == token, "\(text) is read alike again")
  }
  if let address = PCIAddress(text) {
    require(PCIAddress("\(address)") == address, "\(text) is read alike again")
  }
}
