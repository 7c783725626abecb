import ByteIO
import FuzzSupport
import MigrationStream
import QEMUStream

/// The entry point of libFuzzer.
///
/// An input is a QEMU stream, and from the magic of a multifd channel on, if it is in it, such a
/// channel. What must hold of the devices that `ferry qemu extract` takes out: their state has the
/// length that the catalog says, in chunks of any limit the same bytes; their framing accounts for
/// it; and a `.dms` stream of it, where one can be written, gives it back.
@c(LLVMFuzzerTestOneInput)
public func fuzzQEMUExtract(bytes: UnsafePointer<UInt8>?, count: Int) -> CInt {
  guard let bytes, count > 0 else { return -1 }
  let input = [UInt8](UnsafeBufferPointer(start: bytes, count: count))
  let start = input.indices.dropFirst().first { input[$0...].starts(with: channelMagic) }
  let channel = start.map { Array(input[$0...]) } ?? []
  var main = QEMUInput(Array(input[..<(start ?? input.count)]))
  let packets = addChannel(channel, to: &main.catalog)
  let numbers = main.catalog.vfioDevices.indices.filter { number in
    let device = main.catalog.vfioDevices[number]
    return !device.expectsPackets
      && (main.catalog.defect == nil
        || device.configuration != nil && device.sectionCounts[.end] != nil)
  }
  guard !numbers.isEmpty else { return 0 }
  let devices = numbers.map {
    ExtractedDevice(main.catalog.vfioDevices[$0], packets: packets[$0])
  }
  let whole = extract(devices, from: main, channel, chunkByteCount: 1 << 20)
  let pieces = extract(devices, from: main, channel, chunkByteCount: UInt32(1 + count % 97))
  guard let whole, let pieces else {
    require(main.catalog.defect != nil, "the devices of a good stream can be taken out")
    return 0
  }
  for (number, device) in zip((0 as UInt16)..., devices) {
    let state = whole.state(of: number)
    require(state == pieces.state(of: number), "the chunk limit does not matter")
    guard main.catalog.defect == nil else { continue }
    require(
      state.count == Int(device.summary.stateByteCount), "the state is what the catalog says")
    require(
      whole.framing(of: number).recordByteCount == state.count, "a framing accounts for the state")
  }
  checkThatItComesBack(whole, deviceCount: devices.count)
  return 0
}

private let channelMagic: [UInt8] = [0x11, 0x22, 0x33, 0x44]

/// Adds the packets of a channel to the catalog of its stream; gives those of each device.
private func addChannel(
  _ channel: [UInt8], to catalog: inout QEMUStreamCatalog
) -> [DeviceStatePackets.Sequence?] {
  var reader = MultifdChannelReader(MemoryInput<Never>(channel), pageBits: 12)
  var packets = DeviceStatePackets()
  while let packet = try? reader.next() {
    if case .deviceState(let state) = packet { try? packets.add(state, file: 0) }
  }
  return catalog.vfioDevices.indices.map { number in
    let device = catalog.vfioDevices[number]
    guard let sequence = try? packets.sequence(of: device.id, instance: device.instance)
    else { return nil }
    let piece = sequence.configuration
    do {
      try catalog.add(
        sequence,
        configuration: Array(channel[Int(piece.offset)...].prefix(Int(piece.byteCount))),
        prefix: [], toDevice: number)
      return sequence
    } catch {
      return nil
    }
  }
}

/// What comes out; nil if the stream cannot be read on.
private func extract(
  _ devices: [ExtractedDevice], from main: QEMUInput, _ channel: [UInt8],
  chunkByteCount: UInt32
) -> ExtractedRecords? {
  var sink = ExtractedRecords(chunkByteCount: chunkByteCount)
  var source = QEMURecords(
    devices, reading: main.reader(), information: StreamInformation(), limits: sink.limits,
    packets: { _, offset, count in Array(channel.dropFirst(Int(offset)).prefix(count)) })
  do {
    try source.copy(into: &sink)
    return sink
  } catch {
    return nil
  }
}

/// Puts the records into a `.dms` stream and holds what a reader says of it against them.
private func checkThatItComesBack(_ extracted: ExtractedRecords, deviceCount: Int) {
  var stream: [UInt8] = []
  do throws(StreamError) {
    var encoder = try StreamEncoder(
      StreamHeader(uuid: .random(), limits: extracted.limits), compression: .raw)
    for record in extracted.records where !record.isFraming {
      stream += bytes(try encoder.write(record))
    }
    for chunk in extracted.chunks {
      stream += bytes(
        try encoder.chunk(chunk.bytes.span.raw, device: chunk.device, context: chunk.context))
    }
    for record in extracted.records where record.isFraming {
      stream += bytes(try encoder.write(record))
    }
    stream += bytes(try encoder.finish())
  } catch {
    // QEMU's names and spaces may be more than the format takes.
    return
  }
  do throws(StreamError) {
    var states = [[UInt8]](repeating: [], count: deviceCount)
    var decoder = StreamDecoder()
    var input = stream.span.raw
    while let record = try decoder.next(&input) {
      guard case .chunk(let chunk) = record else { continue }
      states[Int(chunk.device)] += [UInt8](try decoder.chunkBytes())
    }
    try decoder.finish()
    require(
      states == states.indices.map { extracted.state(of: UInt16($0)) }, "the state comes back")
  } catch {
    require(false, "a stream of what was taken out is refused: \(error)")
  }
}

private func bytes(_ encoded: borrowing EncodedBytes) -> [UInt8] {
  [UInt8](encoded.head) + [UInt8](encoded.body)
}

extension Record {
  fileprivate var isFraming: Bool {
    if case .optional(let record) = self { record.type == .qemuFraming } else { false }
  }
}

extension QEMUFraming {
  /// The bytes of state in all of its records.
  fileprivate var recordByteCount: Int {
    var count: UInt64 = 0
    var events = events
    while let event = try? events.next() {
      if case .record(_, let byteCount) = event { count += byteCount }
    }
    return Int(count)
  }
}
