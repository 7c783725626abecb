import ByteIO
import FuzzSupport
import QEMUStream

/// The entry point of libFuzzer.
///
/// An input is a QEMU stream, or a multifd channel. What must hold: no crash; a reader that does
/// not go beyond its input; a file and a pipe in pieces of any size say the same of a stream that
/// both can read; what was read of a device fits into what the stream has.
@c(LLVMFuzzerTestOneInput)
public func fuzzQEMUStream(bytes: UnsafePointer<UInt8>?, count: Int) -> CInt {
  guard let bytes, count > 0 else { return -1 }
  let input = [UInt8](UnsafeBufferPointer(start: bytes, count: count))
  readChannel(input)
  let file = QEMUInput(input).catalog
  for catalog in [file, QEMUInput(pipe: input, step: 1 + count % 97).catalog] {
    require(catalog.byteCount <= UInt64(count), "a reader stays within its input")
    for device in catalog.vfioDevices {
      require(
        device.statePrefix.count <= VFIODeviceSummary.longestPrefix, "a prefix has its limit")
      if catalog.defect == nil {
        require(device.stateByteCount < UInt64(count), "a device's state lies within the input")
      }
    }
  }
  let pipe = QEMUInput(pipe: input).catalog
  let pieces = QEMUInput(pipe: input, step: 1 + count % 13).catalog
  require(pipe.defect == pieces.defect, "how the input is split does not matter")
  require(pipe.sections == pieces.sections, "how the input is split does not matter")
  require(pipe.ram == pieces.ram, "how the input is split does not matter")
  return 0
}

private func readChannel(_ input: [UInt8]) {
  var reader = MultifdChannelReader(MemoryInput<Never>(input, pieceByteCount: 61), pageBits: 12)
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
