import ByteIO
import MigrationStream

/// What a stream has besides what its records are known to mean: the optional records of each
/// device, and how its state was divided into rounds.
///
/// Of either no more than a hash is held, however much there is.
struct StreamShape {
  private struct Part {
    var recordCount: UInt64 = 0
    var records = SHA256()
    var rounds = SHA256()
    var context: StateChunk.Context?
    var preCopyByteCount: UInt64 = 0
    var iterationCount: UInt64 = 0
  }

  // Of no device, and of each by its number.
  private var stream = Part()
  private var devices: [Part] = []

  /// Takes note of the next record.
  mutating func note(_ record: ScannedRecord) {
    switch record.content {
    case .metadata(.identity): devices.append(Part())
    case .metadata(.optional(let value)):
      guard let device = value.device else { return Self.note(value, in: &stream) }
      Self.note(value, in: &devices[Int(device)])
    case .chunk(let chunk): Self.note(chunk, in: &devices[Int(chunk.device)])
    case .metadata: break
    }
  }

  private static func note(_ record: OptionalRecord, in part: inout Part) {
    var head = ByteWriter(reserving: 5)
    head.little(record.type.rawValue)
    head.little(UInt32(record.payload.count))
    // How a state was divided in QEMU's stream is no more than how it was divided.
    if record.type == .qemuFraming {
      part.rounds.update(head.bytes.span.raw)
      return part.rounds.update(record.payload.span.raw)
    }
    part.recordCount += 1
    part.records.update(head.bytes.span.raw)
    part.records.update(record.payload.span.raw)
  }

  private static func note(_ chunk: StateChunk, in part: inout Part) {
    if chunk.context.phase == .preCopy {
      part.preCopyByteCount += UInt64(chunk.byteCount)
      part.iterationCount = max(part.iterationCount, UInt64(chunk.context.iteration) + 1)
    }
    // Chunks of one round are one part of the state, however many there are.
    var context = chunk.context
    context.flags = []
    guard part.context != context else { return }
    part.context = context
    var head = ByteWriter(reserving: 13)
    head.little(chunk.stateOffset)
    head.little(context.phase.rawValue)
    head.little(context.iteration)
    part.rounds.update(head.bytes.span.raw)
  }

  /// What is different in `other`, of a device or of none.
  func differences(
    from other: StreamShape, of device: UInt16?, phases: Bool
  ) -> [StreamDifference] {
    let left = device.map { devices[Int($0)] } ?? stream
    let right = device.map { other.devices[Int($0)] } ?? other.stream
    var differences: [StreamDifference] = []
    if left.recordCount != right.recordCount || left.records.value != right.records.value {
      let isOther = left.recordCount == right.recordCount
      differences.append(
        StreamDifference(
          .records, device: device, field: "optional records", left: "\(left.recordCount)",
          right: isOther ? "\(right.recordCount) of other content" : "\(right.recordCount)"))
    }
    if phases, left.rounds.value != right.rounds.value {
      let isOther = Self.rounds(left) == Self.rounds(right)
      differences.append(
        StreamDifference(
          .phases, device: device, left: Self.rounds(left),
          right: Self.rounds(right) + (isOther ? ", divided otherwise" : "")))
    }
    return differences
  }

  private static func rounds(_ part: Part) -> String {
    "\(part.preCopyByteCount) bytes of pre-copy in \(part.iterationCount) iteration\(part.iterationCount == 1 ? "" : "s")"
  }
}
