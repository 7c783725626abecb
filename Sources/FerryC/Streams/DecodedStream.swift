import ByteIO
import CFerry
import Glibc
import MigrationStream
import StreamIO

/// A stream that has to be good, pulled or pushed.
final class DecodedStream: ReadableStream {
  private var decoder: StreamDecoder
  // None if the caller pushes.
  private let input: Input?
  private var records = GivenRecords()
  private var isAtEnd = false

  init(_ input: Input?) {
    self.input = input
    decoder = StreamDecoder()
  }

  /// A stream from where the descriptor is. At the start of a regular file, its summaries say
  /// beforehand which digests there are to compute.
  init(descriptor: Int32) {
    input = .descriptor(descriptor)
    decoder = StreamDecoder(limits: .standard, digests: Self.digestAlgorithms(in: descriptor))
  }

  private static func digestAlgorithms(in descriptor: Int32) -> Set<Digest.Algorithm> {
    guard lseek(descriptor, 0, SEEK_CUR) == 0,
      let input = try? RandomInput(descriptor: descriptor),
      let archive = try? StreamArchive(CallerBytesAtOffsets(input: input, kept: KeptFailure()))
    else { return Digest.Algorithm.known }
    return archive.digestAlgorithms()
  }

  // MARK: Pull

  func next() throws(Failure) -> ferry_record {
    guard let input else {
      throw Failure(.order, "a source, for a reader that pulls", found: "a reader that is fed")
    }
    if let record = records.takeWaiting() { return record }
    while !isAtEnd {
      if let record = try stored() { return record }
      let count = try decoder.fill { (span) throws(Failure) in try input.read(into: &span) }
      if count == 0 { try end() }
    }
    // A stream may end without a record behind the introductions only if it is torn.
    return ferry_record()
  }

  /// The next record of the bytes at hand.
  private func stored() throws(Failure) -> ferry_record? {
    do throws(StreamError) {
      while let record = try decoder.next() {
        if let given = give(record) { return given }
      }
      return nil
    } catch {
      throw Failure(error)
    }
  }

  // MARK: Push

  @_lifetime(bytes: copy bytes)
  func push(_ bytes: inout RawSpan) throws(Failure) -> ferry_record {
    try requireFed()
    guard !isAtEnd else {
      throw Failure(.order, "nothing behind ferry_reader_finish()", found: "a call")
    }
    if let record = records.takeWaiting() { return record }
    do throws(StreamError) {
      while true {
        while let record = try decoder.next() {
          if let given = give(record) { return given }
        }
        guard bytes.byteCount > 0 else { return ferry_record() }
        if let record = try decoder.next(&bytes), let given = give(record) { return given }
      }
    } catch {
      throw Failure(error)
    }
  }

  func finish() throws(Failure) {
    try requireFed()
    try end()
  }

  private func requireFed() throws(Failure) {
    guard input == nil else {
      throw Failure(.order, "a reader without a source", found: "one that pulls")
    }
  }

  // MARK: Content

  private func give(_ record: Record) -> ferry_record? {
    let isVerified =
      if case .summary(_, let device) = record { decoder.isVerified(device: device) } else { false }
    return records.take(record, at: decoder.recordOffset, isVerified: isVerified)
  }

  private func end() throws(Failure) {
    do throws(StreamError) {
      try decoder.finish()
    } catch {
      throw Failure(error)
    }
    isAtEnd = true
  }

  func device(_ number: UInt16) throws(Failure) -> ferry_device { try records.device(number) }

  func state() throws(Failure) -> UnsafeRawBufferPointer {
    try records.requireState()
    do throws(StreamError) {
      return try Self.chunkBytes(of: &decoder)
    } catch {
      throw Failure(error)
    }
  }

  private static func chunkBytes(
    of decoder: inout StreamDecoder
  ) throws(StreamError) -> UnsafeRawBufferPointer {
    let bytes = try decoder.chunkBytes()
    // SAFETY: the memory is the decoder's, and only its next call changes it: so the header says.
    return bytes.withUnsafeBytes { $0 }
  }

  func damage() throws(Failure) -> ferry_damage { throw .noSalvage }
  func loss(of device: UInt16) throws(Failure) -> ferry_loss { throw .noSalvage }
}

extension Failure {
  fileprivate static var noSalvage: Failure {
    Failure(.order, "a reader of ferry_reader_salvage()", found: "another")
  }
}
