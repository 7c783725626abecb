// The names are C's.
// swift-format-ignore-file: AlwaysUseLowerCamelCase

import ByteIO
public import CFerry
import MigrationStream

/// The object behind a `ferry_reader`.
final class StreamInput: HandleObject {
  static let kind = HandleKind.reader

  private var decoder = StreamDecoder()
  // None if the caller pushes.
  private let input: Input?
  private var introduction = StreamIntroduction()
  private var devices: [DescribedDevice]?
  // Came behind the introductions, and is given after they were.
  private var waiting: Record?
  private var isAtEnd = false
  private var isState = false

  init(_ input: Input?) { self.input = input }

  // MARK: Pull

  func next() throws(Failure) -> ferry_record {
    guard let input else {
      throw Failure(.order, "a source, for a reader that pulls", found: "a reader that is fed")
    }
    isState = false
    while !isAtEnd {
      if let record = try stored() { return record }
      let count = try decoder.fill { (span) throws(Failure) in try input.read(into: &span) }
      if count == 0 {
        try finishDecoder()
        isAtEnd = true
      }
    }
    // A stream may end without a record behind the introductions only if it is torn.
    return ferry_record()
  }

  // MARK: Push

  /// Takes from the front of `bytes`; a record without a kind when all of them are taken.
  @_lifetime(bytes: copy bytes)
  func push(_ bytes: inout RawSpan) throws(Failure) -> ferry_record {
    guard input == nil else {
      throw Failure(.order, "a reader without a source", found: "one that pulls")
    }
    guard !isAtEnd else {
      throw Failure(.order, "nothing behind ferry_reader_finish()", found: "a call")
    }
    isState = false
    while true {
      if let record = try stored() { return record }
      guard bytes.byteCount > 0 else { return ferry_record() }
      let record: Record?
      do throws(StreamError) {
        record = try decoder.next(&bytes)
      } catch {
        throw Failure(error)
      }
      if let record, let given = give(record) { return given }
    }
  }

  func finish() throws(Failure) {
    guard input == nil else {
      throw Failure(.order, "a reader without a source", found: "one that pulls")
    }
    try finishDecoder()
    isAtEnd = true
  }

  private func finishDecoder() throws(Failure) {
    do throws(StreamError) {
      try decoder.finish()
    } catch {
      throw Failure(error)
    }
  }

  // MARK: Records

  /// The next record of the bytes at hand.
  private func stored() throws(Failure) -> ferry_record? {
    if let record = waiting {
      waiting = nil
      if let given = give(record) { return given }
    }
    while true {
      let record: Record?
      do throws(StreamError) {
        record = try decoder.next()
      } catch {
        throw Failure(error)
      }
      guard let record else { return nil }
      if let given = give(record) { return given }
    }
  }

  /// What the caller gets of a record; nil if nothing.
  private func give(_ record: Record) -> ferry_record? {
    if devices == nil {
      if introduction.add(record) { return nil }
      devices = introduction.devices.map(DescribedDevice.init)
      waiting = record
      return made(FERRY_RECORD_DEVICES) { $0.device_count = UInt32(introduction.devices.count) }
    }
    switch record {
    case .chunk(let chunk):
      isState = true
      return made(FERRY_RECORD_STATE) {
        $0.device = UInt32(chunk.device)
        $0.state_offset = chunk.stateOffset
        $0.state_size = UInt64(chunk.byteCount)
        $0.phase = UInt32(chunk.context.phase.rawValue)
        $0.iteration = chunk.context.iteration
        $0.flags = UInt32(chunk.context.flags.rawValue)
      }
    case .summary(let summary, let device):
      return made(FERRY_RECORD_SUMMARY) {
        $0.device = UInt32(device)
        $0.state_size = summary.byteCount
        $0.is_verified = decoder.isVerified(device: device) ? 1 : 0
      }
    case .end(let totals):
      return made(FERRY_RECORD_END) {
        $0.device_count = totals.deviceCount
        $0.state_size = totals.stateByteCount
      }
    default: return nil
    }
  }

  private func made(_ kind: Int, _ fill: (inout ferry_record) -> Void) -> ferry_record {
    var record = ferry_record()
    record.kind = UInt32(kind)
    record.offset = decoder.recordOffset
    fill(&record)
    return record
  }

  // MARK: Content

  func device(_ number: UInt16) throws(Failure) -> ferry_device {
    guard let devices else {
      throw Failure(.order, "FERRY_RECORD_DEVICES before", found: "no record of that kind yet")
    }
    guard devices.indices.contains(Int(number)) else {
      throw Failure(argument: "number", "one of \(devices.count) devices", found: "\(number)")
    }
    return devices[Int(number)].value
  }

  /// The bytes of the chunk that came last, which stay where they are until the next call.
  func state() throws(Failure) -> UnsafeRawBufferPointer {
    guard isState else {
      throw Failure(.order, "FERRY_RECORD_STATE before", found: "another record, or none")
    }
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
}

/// A reader at the start of a stream.
@c @implementation
public func ferry_reader_open(
  _ source: UnsafePointer<ferry_source>?, _ reader: UnsafeMutablePointer<ferry_reader>?,
  _ error: UnsafeMutablePointer<ferry_error>?
) -> ferry_status {
  call(error) { () throws(Failure) in
    let result = try reader.required("reader")
    var input: Input?
    if let source { input = .caller(try CallerSource(source.pointee)) }
    result.pointee = try HandleTable.shared.insert(StreamInput(input)).rawValue
  }
}

/// A reader at the start of a stream in a descriptor.
@c @implementation
public func ferry_reader_open_fd(
  _ fd: Int32, _ reader: UnsafeMutablePointer<ferry_reader>?,
  _ error: UnsafeMutablePointer<ferry_error>?
) -> ferry_status {
  call(error) { () throws(Failure) in
    let result = try reader.required("reader")
    result.pointee = try HandleTable.shared.insert(StreamInput(.descriptor(fd))).rawValue
  }
}

/// The next record of a reader that pulls.
@c @implementation
public func ferry_reader_next(
  _ reader: ferry_reader, _ record: UnsafeMutablePointer<ferry_record>?,
  _ error: UnsafeMutablePointer<ferry_error>?
) -> ferry_status {
  call(reader, as: StreamInput.self, error) { reader throws(Failure) in
    let record = try record.required("record")
    record.pointee = try reader.next()
  }
}

/// The next record of a reader that is fed.
@c @implementation
public func ferry_reader_push(
  _ reader: ferry_reader, _ bytes: UnsafeRawPointer?, _ size: Int,
  _ taken: UnsafeMutablePointer<Int>?, _ record: UnsafeMutablePointer<ferry_record>?,
  _ error: UnsafeMutablePointer<ferry_error>?
) -> ferry_status {
  call(reader, as: StreamInput.self, error) { reader throws(Failure) in
    let (taken, record) = (try taken.required("taken"), try record.required("record"))
    // SAFETY: the caller lends the bytes for the call.
    var rest = RawSpan(_unsafeBytes: try CallerBytes.buffer(bytes, size, "bytes"))
    let given = try reader.push(&rest)
    taken.pointee = size - rest.byteCount
    record.pointee = given
  }
}

/// Says that no more comes.
@c @implementation
public func ferry_reader_finish(
  _ reader: ferry_reader, _ error: UnsafeMutablePointer<ferry_error>?
) -> ferry_status {
  call(reader, as: StreamInput.self, error) { reader throws(Failure) in
    try reader.finish()
  }
}

/// What the stream says of a device.
@c @implementation
public func ferry_reader_device(
  _ reader: ferry_reader, _ number: UInt16, _ device: UnsafeMutablePointer<ferry_device>?,
  _ error: UnsafeMutablePointer<ferry_error>?
) -> ferry_status {
  call(reader, as: StreamInput.self, error) { reader throws(Failure) in
    let device = try device.required("device")
    device.pointee = try reader.device(number)
  }
}

/// The bytes of the chunk that came last.
@c @implementation
public func ferry_reader_state(
  _ reader: ferry_reader, _ bytes: UnsafeMutablePointer<UnsafeRawPointer?>?,
  _ size: UnsafeMutablePointer<Int>?, _ error: UnsafeMutablePointer<ferry_error>?
) -> ferry_status {
  call(reader, as: StreamInput.self, error) { reader throws(Failure) in
    let (bytes, size) = (try bytes.required("bytes"), try size.required("size"))
    let state = try reader.state()
    bytes.pointee = state.baseAddress
    size.pointee = state.count
  }
}
