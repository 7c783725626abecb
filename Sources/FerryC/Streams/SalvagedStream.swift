import ByteIO
import CFerry
import MigrationStream
import StreamIO

/// A stream in any condition, of which what is intact is pulled.
final class SalvagedStream: ReadableStream {
  private var stream: StreamSalvage
  private let kept = KeptFailure()
  private var records = GivenRecords()
  private var isAtEnd = false
  private let memory = LentMemory()
  private lazy var foundDamage = described(stream.report)
  private lazy var foundLosses = stream.report.losses.indices.map { index in
    described(stream.report, of: UInt16(index))
  }

  init(_ input: RandomInput) throws(Failure) {
    do throws(StreamIOError) {
      stream = try StreamSalvage(CallerBytesAtOffsets(input: input, kept: kept))
    } catch {
      throw kept.failure(for: error)
    }
  }

  func next() throws(Failure) -> ferry_record {
    if let record = records.takeWaiting() { return record }
    while !isAtEnd {
      guard let record = try nextIntact() else {
        isAtEnd = true
        return records.end(deviceCount: stream.report.losses.count, at: 0) ?? ferry_record()
      }
      let content =
        switch record.content {
        case .chunk(let chunk): Record.chunk(chunk)
        case .metadata(let value): value
        }
      if let given = records.take(content, at: record.offset, isVerified: false) { return given }
    }
    return ferry_record()
  }

  private func nextIntact() throws(Failure) -> ScannedRecord? {
    do throws(StreamIOError) {
      return try stream.next()
    } catch {
      throw kept.failure(for: error)
    }
  }

  @_lifetime(bytes: copy bytes)
  func push(_ bytes: inout RawSpan) throws(Failure) -> ferry_record { throw .notFed }
  func finish() throws(Failure) { throw .notFed }

  func device(_ number: UInt16) throws(Failure) -> ferry_device { try records.device(number) }

  func state() throws(Failure) -> UnsafeRawBufferPointer {
    try records.requireState()
    return Self.chunkBytes(of: stream)
  }

  private static func chunkBytes(of stream: borrowing StreamSalvage) -> UnsafeRawBufferPointer {
    let bytes = stream.chunkBytes
    // SAFETY: the memory is the stream's, and only its next call changes it: so the header says.
    return bytes.withUnsafeBytes { $0 }
  }

  // MARK: What is lost

  private func requireEnd() throws(Failure) {
    guard isAtEnd else {
      throw Failure(.order, "FERRY_RECORD_NONE before", found: "a stream that is not at its end")
    }
  }

  func damage() throws(Failure) -> ferry_damage {
    try requireEnd()
    return foundDamage
  }

  func loss(of device: UInt16) throws(Failure) -> ferry_loss {
    try requireEnd()
    guard foundLosses.indices.contains(Int(device)) else {
      throw Failure(argument: "device", "one of \(foundLosses.count) devices", found: "\(device)")
    }
    return foundLosses[Int(device)]
  }

  private func described(_ report: SalvageReport) -> ferry_damage {
    let condition =
      switch report.condition {
      case .whole: FERRY_CONDITION_WHOLE
      case .incomplete: FERRY_CONDITION_INCOMPLETE
      case .damaged: FERRY_CONDITION_DAMAGED
      }
    let fault = report.defect.map { Failure($0) }
    return ferry_damage(
      condition: UInt32(condition), device_count: UInt32(report.losses.count),
      missing_record_count: report.missingRecordCount, damaged: described(report.damage),
      fault: (fault?.status ?? .ok).number, reserved: 0, message: memory.text(fault?.message))
  }

  private func described(_ report: SalvageReport, of device: UInt16) -> ferry_loss {
    let loss = report.losses[Int(device)]
    return ferry_loss(
      is_whole: report.isWhole(device: device) ? 1 : 0,
      is_identity_lost: loss.isIdentityLost ? 1 : 0, intact_size: loss.recoveredByteCount,
      missing: described(loss.missing), missing_from: loss.missingFrom ?? .max)
  }

  private func described(_ ranges: ByteRanges) -> ferry_ranges {
    let (first, count) = memory.array(
      ranges.ranges.map { ferry_range(offset: $0.lowerBound, size: $0.byteCount) })
    return ferry_ranges(
      ranges: first, count: count, all_count: ranges.count, all_size: ranges.byteCount)
  }
}

extension Failure {
  fileprivate static var notFed: Failure {
    Failure(.order, "a reader without a source", found: "one that pulls")
  }
}
