import ByteIO
import FuzzSupport
import QEMUStream

/// The entry point of libFuzzer.
///
/// An input is a QEMU stream, or a multifd channel. What must hold: no crash; a reader that does not go beyond its input; a
/// file and a pipe in pieces of any size say the same of a stream that both can read; what was read of a device fits into what
/// the stream has.
@c(LLVMFuzzerTestOneInput)
public func fuzzQEMUStream(bytes: UnsafePointer<UInt8>?, count: Int) -> CInt {
  guard let bytes, count > 0 else { return -1 }
  let input = [UInt8](UnsafeBufferPointer(start: bytes, count: count))
  readChannel(input)
  let file = read(input, step: .max, description: description(of: input))
  for catalog in [file, read(input, step: 1 + count % 97, description: nil)] {
    require(catalog.byteCount <= UInt64(count), "a reader stays within its input")
    for device in catalog.vfioDevices {
      require(
        device.statePrefix.count <= VFIODeviceSummary.longestPrefix, "a prefix has its limit")
      if catalog.defect == nil {
        require(device.stateByteCount < UInt64(count), "a device's state lies within the input")
      }
    }
  }
  let pipe = read(input, step: .max, description: nil)
  let pieces = read(input, step: 1 + count % 13, description: nil)
  require(pipe.defect == pieces.defect, "how the input is split does not matter")
  require(pipe.sections == pieces.sections, "how the input is split does not matter")
  require(pipe.ram == pieces.ram, "how the input is split does not matter")
  return 0
}

private func description(of input: [UInt8]) -> VMDescription? {
  guard let start = VMDescription.find(inTail: input.span.raw) else { return nil }
  return try? VMDescription(
    parsing: input.span.raw.extracting(droppingFirst: start + 5), at: UInt64(start + 5))
}

private func read(_ input: [UInt8], step: Int, description: VMDescription?) -> QEMUStreamCatalog {
  var reader = QEMUStreamReader(Pieces(input, step: step), description: description)
  guard let catalog = try? QEMUStreamCatalog(reading: &reader) else {
    require(false, "a source of memory does not fail")
    preconditionFailure("require does not return")
  }
  return catalog
}

private func readChannel(_ input: [UInt8]) {
  var reader = MultifdChannelReader(Pieces(input, step: 61), pageBits: 12)
  var packets = DeviceStatePackets()
  while let packet = try? reader.next() {
    guard case .deviceState(let state) = packet else { continue }
    require(
      state.dataOffset + UInt64(state.dataByteCount) <= UInt64(input.count),
      "a packet lies within the input")
    try? packets.add(state, file: 0)
  }
  for device in packets.devices {
    guard
      let sequence = try? packets.sequence(of: device.name, instance: device.instance)
    else { continue }
    require(
      sequence.state.enumerated().allSatisfy { $0.offset == Int($0.element.index) },
      "packets are in their order")
  }
}

private struct Pieces: ByteSource {
  private let bytes: [UInt8]
  private let step: Int
  private var position = 0

  init(_ bytes: [UInt8], step: Int) {
    self.bytes = bytes
    self.step = step
  }

  mutating func read(into span: inout MutableRawSpan) -> Int {
    let count = min(span.byteCount, bytes.count - position, step)
    for index in 0..<count {
      span.storeBytes(of: bytes[position + index], toByteOffset: index, as: UInt8.self)
    }
    position += count
    return count
  }
}
