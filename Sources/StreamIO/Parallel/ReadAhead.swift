import ByteIO
import MigrationStream

/// Reads the records of a stream ahead of whoever takes them, and has threads decode their chunks meanwhile.
///
/// Only the chunks of devices whose state was asked for before are decoded ahead: whoever passes over a device does not pay
/// for it. Reading is done by the thread that takes the records, as far as that need not wait for input.
struct ReadAhead: ~Copyable {
  // None where one thread does it all.
  private let ring: WorkRing<DecodingSlot>?
  private var wanted: Set<UInt16> = []
  private var digests = StateDigests()
  private var verified: Set<UInt16> = []
  private var isInputAtEnd = false
  private var failure: StreamIOError?
  // For chunks that were not wanted when they were read.
  private var decoder = ChunkDecoder()
  private var isDigested = false

  /// The record that was given out.
  private(set) var current = StoredRecord()
  private(set) var isContentComplete = false

  init(threadCount: ThreadCount) {
    ring = threadCount == .one ? nil : WorkRing(decodingWith: threadCount)
  }

  /// Whether there are threads to read ahead for.
  var isUsed: Bool { ring != nil }

  /// The next record of `stream`, which is read from `input`; nil after the footer.
  mutating func next(
    of stream: inout StreamDecoder,
    from input: inout any ByteSource<StreamIOError> & ~Copyable, _ path: String
  ) throws(StreamIOError) -> Record? {
    if let failure { throw failure }
    guard let ring else { return nil }
    while !isInputAtEnd, !ring.isFull, ring.isEmpty || input.isReady {
      ring.submit(needsWork: read(into: ring.vacant, from: &stream, &input, path))
    }
    guard !ring.isEmpty else { return nil }
    let slot = ring.oldest()
    let content = slot.content
    swap(&current, &slot.record)
    isDigested = false
    ring.release()
    do throws(StreamIOError) {
      let record = try content.get()
      try check(record, path)
      return record
    } catch {
      failure = error
      throw error
    }
  }

  /// Reads a record, or finds that there is none; whether there is a chunk to decode.
  private mutating func read(
    into slot: DecodingSlot, from stream: inout StreamDecoder,
    _ input: inout any ByteSource<StreamIOError> & ~Copyable, _ path: String
  ) -> Bool {
    slot.record.clear()
    do throws(StreamIOError) {
      let record = try stream.next(from: &input, path)
      slot.content = .success(record)
      isInputAtEnd = record == nil
      slot.record.header = stream.recordHeader
      slot.record.basis = stream.basis
      slot.record.range = stream.recordOffset..<stream.offset
      slot.record.payloadRange = stream.exchangePayload(&slot.record.buffer)
      if case .chunk(let chunk) = record {
        return wanted.contains(chunk.device) && slot.record.isWorthHandingOver
      }
    } catch {
      slot.content = .failure(error)
      slot.record.range = stream.offset..<stream.offset
      isInputAtEnd = true
    }
    return false
  }

  /// Holds what a record says of the state against what was decoded.
  private mutating func check(_ record: Record?, _ path: String) throws(StreamIOError) {
    do throws(StreamError) {
      switch record {
      case .identity:
        guard digests.addDevice() else {
          throw current.place.error(.compression, expected: "memory for a digest", found: "none")
        }
      case .summary(let summary, let device):
        if try digests.check(summary, of: device, at: current.place) { verified.insert(device) }
      case .end: isContentComplete = true
      default: break
      }
    } catch {
      throw StreamIOError(path, .stream(error))
    }
  }

  /// The state bytes of the chunk that `next` gave; none after another record.
  @_lifetime(&self)
  mutating func chunkBytes(_ path: String) throws(StreamIOError) -> RawSpan {
    guard let header = current.header, header.type == .stateChunk else { return RawSpan() }
    wanted.insert(header.device)
    current.decode(with: &decoder)
    if let defect = current.defect {
      let error = StreamIOError(path, .stream(defect))
      failure = error
      throw error
    }
    if !isDigested { current.digest(into: &digests) }
    isDigested = true
    return current.stateBytes
  }

  /// Whether the digest of `device` was held against its summary.
  func isVerified(device: UInt16) -> Bool { verified.contains(device) }
}

extension StreamDecoder {
  /// The next record of what `input` has, or nil after the footer.
  mutating func next(
    from input: inout any ByteSource<StreamIOError> & ~Copyable, _ path: String
  ) throws(StreamIOError) -> Record? {
    while true {
      do throws(StreamError) {
        if let record = try next() { return record }
      } catch {
        throw StreamIOError(path, .stream(error))
      }
      let count = try fill { (span) throws(StreamIOError) in try input.read(into: &span) }
      guard count == 0 else { continue }
      do throws(StreamError) {
        try finish()
        return nil
      } catch {
        throw StreamIOError(path, .stream(error))
      }
    }
  }
}
