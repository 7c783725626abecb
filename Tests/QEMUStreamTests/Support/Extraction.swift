import ByteIO
import MigrationStream
import QEMUStream
import TestSupport
import Testing

/// The records of the devices at `numbers`, with their state put together.
func extract(
  _ stream: [UInt8], _ numbers: [Int]? = nil, chunk: UInt32 = 1 << 20
) throws -> MemorySink {
  let catalog = ReadStream(stream).catalog
  let devices = (numbers ?? Array(catalog.vfioDevices.indices)).map {
    ExtractedDevice(catalog.vfioDevices[$0])
  }
  let reader = QEMUStreamReader(MemoryInput<Never>(stream), description: catalog.description)
  var sink = MemorySink(
    limits: StreamLimits(chunkByteCount: chunk, metadataByteCount: 1 << 20))
  var source = QEMURecords(
    devices, reading: reader, information: StreamInformation(), limits: sink.limits,
    packets: { _, _, _ in [] })
  try source.copy(into: &sink)
  return sink
}

/// How the records divide the state of a device.
func framing(of sink: MemorySink, _ number: UInt16) throws -> QEMUFraming {
  try #require(carried(by: sink, number).framing)
}

/// What the records carry of a device besides its state.
func carried(by sink: MemorySink, _ number: UInt16) -> CarriedDevice {
  var device = CarriedDevice(number: number)
  for record in sink.records { device.add(record) }
  return device
}
