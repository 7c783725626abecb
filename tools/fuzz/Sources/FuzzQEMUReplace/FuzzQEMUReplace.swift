import ByteIO
import FuzzSupport
import MigrationStream
import QEMUStream

/// The entry point of libFuzzer.
///
/// An input is a QEMU stream. What must hold of each device that `ferry qemu replace` can replace: by its own extract, it gives
/// the same bytes; by state of other lengths, a stream without a defect that has just that state, and all else as before.
@c(LLVMFuzzerTestOneInput)
public func fuzzQEMUReplace(bytes: UnsafePointer<UInt8>?, count: Int) -> CInt {
  guard let bytes, count > 0 else { return -1 }
  let input = QEMUInput([UInt8](UnsafeBufferPointer(start: bytes, count: count)))
  guard input.catalog.defect == nil, input.catalog.unusedDescriptionByteCount == nil else {
    return 0
  }
  for device in input.catalog.vfioDevices where device.recordCounts[.configuration] == 1 {
    guard let configuration = device.configuration else { continue }
    let own = extract(device, from: input)
    let framing = own.framing(of: 0)
    checkOwnExtract(own, framing, configuration, of: device, in: input)
    checkOtherState(framing, configuration, of: device, in: input)
  }
  return 0
}

private func extract(_ device: VFIODeviceSummary, from input: QEMUInput) -> ExtractedRecords {
  var sink = ExtractedRecords(chunkByteCount: 1 << 20)
  var reader = input.reader()
  do {
    try QEMUExtraction([QEMUExtraction.Device(device)]).write(
      reading: &reader, packets: { _, _, _ in [] }, information: StreamInformation(), to: &sink)
  } catch {
    require(false, "a device of a good stream can be taken out: \(error)")
  }
  return sink
}

private func checkOwnExtract(
  _ own: ExtractedRecords, _ framing: QEMUFraming, _ configuration: VFIOConfiguration,
  of device: VFIODeviceSummary, in input: QEMUInput
) {
  var space: ConfigurationRecord?
  var interrupts: InterruptState?
  for record in own.records {
    if case .configuration(let value, _) = record { space = value }
    if case .interrupts(let value, _) = record { interrupts = value }
  }
  do throws(QEMUStreamError) {
    let divided = try QEMUFraming.dividing(
      preCopy: device.preCopyByteCount, stopCopy: device.stopCopyByteCount, carried: framing,
      own: framing, endingAt: 0)
    let result = try replacing(
      device, in: input, framing: divided, state: own.state(of: 0),
      by: try configuration.replacing(space, interrupts, recordedAt: [:]))
    require(result == input.bytes, "a device's own extract gives the same stream")
  } catch {
    require(false, "a device's own extract is refused: \(error)")
  }
}

private func checkOtherState(
  _ framing: QEMUFraming, _ configuration: VFIOConfiguration, of device: VFIODeviceSummary,
  in input: QEMUInput
) {
  let preCopy = device.sectionCounts[.part] == nil ? 0 : input.bytes.count % 71
  let stopCopy = input.bytes.count % 1009
  let state = (0..<preCopy + stopCopy).map { UInt8(truncatingIfNeeded: $0 &* 7) }
  guard
    let divided = try? QEMUFraming.dividing(
      preCopy: UInt64(preCopy), stopCopy: UInt64(stopCopy), carried: nil, own: framing,
      endingAt: 0),
    let result = try? replacing(
      device, in: input, framing: divided, state: state, by: configuration)
  else { return }
  let again = QEMUInput(result)
  require(
    again.catalog.defect == nil, "a new stream is good: \(String(describing: again.catalog.defect))"
  )
  require(
    again.catalog.vfioDevices.map(\.id) == input.catalog.vfioDevices.map(\.id),
    "a new stream has the devices of the old")
  for (new, old) in zip(again.catalog.vfioDevices, input.catalog.vfioDevices) {
    let wanted = new.sectionID == device.sectionID ? state : extract(old, from: input).state(of: 0)
    require(extract(new, from: again).state(of: 0) == wanted, "each device has its state")
  }
}

/// The stream with a device replaced; throws where its description cannot say so.
private func replacing(
  _ device: VFIODeviceSummary, in input: QEMUInput, framing: QEMUFraming, state: [UInt8],
  by configuration: VFIOConfiguration
) throws(QEMUStreamError) -> [UInt8] {
  var replacement = QEMUReplacement(framing: framing, configuration: configuration)
  var result: [UInt8] = []
  var position = 0
  var left = state[...]
  var fullByteCount: UInt64?
  for event in input.events {
    switch event {
    case .section(let section) where section.id == device.sectionID:
      result += input.bytes[position..<Int(section.bodyOffset)]
      let content = content(of: &replacement, &left)
      result += content
      if section.kind == .full { fullByteCount = UInt64(content.count) }
    case .sectionEnd(let end) where end.section.id == device.sectionID:
      position = Int(end.section.bodyOffset + end.byteCount)
    case .description(let description):
      guard let fullByteCount else { continue }
      result += input.bytes[position..<Int(description.sectionOffset)]
      let json = try description.resizing(
        device.id, instance: device.instance, to: fullByteCount,
        in: Array(input.bytes[Int(description.offset)...].prefix(description.byteCount)))
      var head = ByteWriter()
      head.big(6 as UInt8)
      head.big(UInt32(json.count))
      result += head.bytes + json
      position = Int(description.offset) + description.byteCount
    default: break
    }
  }
  require(left.isEmpty, "all of the state is written")
  return result + input.bytes[position...]
}

/// The content of the device's next section.
private func content(of replacement: inout QEMUReplacement, _ state: inout ArraySlice<UInt8>)
  -> [UInt8]
{
  let written = Written()
  var rest = state
  guard
    let count = try? replacement.writeSection(
      to: { written.bytes += [UInt8]($0) },
      copyState: { count in
        require(count <= UInt64(rest.count), "there is as much state as the framing says")
        written.bytes += rest.prefix(Int(count))
        rest = rest.dropFirst(Int(count))
      })
  else {
    require(false, "a framing that was made can be read")
    return []
  }
  state = rest
  require(
    count == UInt64(written.bytes.count), "the length of a section is what was written")
  return written.bytes
}

/// What two closures write.
private final class Written {
  var bytes: [UInt8] = []
}
