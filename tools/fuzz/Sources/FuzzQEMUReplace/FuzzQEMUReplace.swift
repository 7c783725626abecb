import ByteIO
import FuzzSupport
import MigrationStream
import QEMUStream

/// The entry point of libFuzzer.
///
/// An input is a QEMU stream. What must hold of each device that `ferry qemu replace` can replace:
/// by its own extract, it gives the same bytes; by state of other lengths, a stream without a
/// defect that has just that state, and all else as before.
@c(LLVMFuzzerTestOneInput)
public func fuzzQEMUReplace(bytes: UnsafePointer<UInt8>?, count: Int) -> CInt {
  guard let bytes, count > 0 else { return -1 }
  let input = QEMUInput([UInt8](UnsafeBufferPointer(start: bytes, count: count)))
  guard input.catalog.defect == nil, input.catalog.unusedDescriptionByteCount == nil else {
    return 0
  }
  for summary in input.catalog.vfioDevices {
    guard let device = try? ReplaceableDevice(summary) else { continue }
    checkOwnExtract(of: device, in: input)
    checkOtherState(of: device, in: input)
  }
  return 0
}

private func extract(_ device: VFIODeviceSummary, from input: QEMUInput) -> ExtractedRecords {
  var sink = ExtractedRecords(chunkByteCount: 1 << 20)
  var source = QEMURecords(
    [ExtractedDevice(device)], reading: input.reader(), information: StreamInformation(),
    limits: sink.limits, packets: { _, _, _ in [] })
  do {
    try source.copy(into: &sink)
  } catch {
    require(false, "a device of a good stream can be taken out: \(error)")
  }
  return sink
}

private func checkOwnExtract(of device: ReplaceableDevice, in input: QEMUInput) {
  let own = extract(device.summary, from: input)
  var carried = CarriedDevice(number: 0)
  for record in own.records { carried.add(record) }
  do {
    let framing = try device.framing(
      preCopy: device.summary.preCopyByteCount, stopCopy: device.summary.stopCopyByteCount,
      carried: carried.framing)
    let configuration = try device.configuration.replacing(
      carried.introduction.configuration, carried.introduction.interrupts, recordedAt: [:])
    let result = try rewrite(
      input, QEMUReplacement(of: device, framing: framing, configuration: configuration),
      state: own.state(of: 0))
    require(result == input.bytes, "a device's own extract gives the same stream")
  } catch {
    require(false, "a device's own extract is refused: \(error)")
  }
}

private func checkOtherState(of device: ReplaceableDevice, in input: QEMUInput) {
  let preCopy = device.summary.sectionCounts[.part] == nil ? 0 : input.bytes.count % 71
  let stopCopy = input.bytes.count % 1009
  let state = (0..<preCopy + stopCopy).map { UInt8(truncatingIfNeeded: $0 &* 7) }
  guard
    let framing = try? device.framing(
      preCopy: UInt64(preCopy), stopCopy: UInt64(stopCopy), carried: nil),
    let result = try? rewrite(
      input,
      QEMUReplacement(of: device, framing: framing, configuration: device.configuration),
      state: state)
  else { return }
  let again = QEMUInput(result)
  require(
    again.catalog.defect == nil, "a new stream is good: \(String(describing: again.catalog.defect))"
  )
  require(
    again.catalog.vfioDevices.map(\.id) == input.catalog.vfioDevices.map(\.id),
    "a new stream has the devices of the old")
  for (new, old) in zip(again.catalog.vfioDevices, input.catalog.vfioDevices) {
    let wanted =
      new.sectionID == device.summary.sectionID ? state : extract(old, from: input).state(of: 0)
    require(extract(new, from: again).state(of: 0) == wanted, "each device has its state")
  }
}

/// The stream with a device replaced; throws if its description cannot say so.
private func rewrite(
  _ input: QEMUInput, _ replacement: QEMUReplacement, state: [UInt8]
) throws(QEMUTransferError<Never, Never>) -> [UInt8] {
  let output = MemoryOutput<Never>()
  var state = MemoryInput<Never>(state)
  let rewriter = QEMURewriter(
    MemoryInput<Never>(input.bytes), description: input.description, replacing: replacement,
    into: output)
  try rewriter.rewrite(state: &state)
  require(output.isFinished, "a stream that was written is finished")
  return output.bytes
}
