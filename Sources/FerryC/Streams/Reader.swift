// The names are C's.
// swift-format-ignore-file: AlwaysUseLowerCamelCase

public import CFerry

/// The object behind a `ferry_reader`.
final class OpenReader: HandleObject {
  static let kind = HandleKind.reader
  let stream: any ReadableStream

  init(_ stream: any ReadableStream) { self.stream = stream }
}

/// A reader at the start of a stream.
@c @implementation
public func ferry_reader_open(
  _ source: UnsafePointer<ferry_source>?, _ reader: UnsafeMutablePointer<ferry_reader>?,
  _ error: UnsafeMutablePointer<ferry_error>?
) -> ferry_status {
  call(error) { () throws(Failure) in
    let result = try reader.required("reader")
    let input = try source.map { (source) throws(Failure) in try Input(source.pointee) }
    result.pointee = try HandleTable.shared.insert(OpenReader(DecodedStream(input)))
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
    result.pointee = try HandleTable.shared.insert(OpenReader(DecodedStream(descriptor: fd)))
  }
}

/// The next record of a reader that pulls.
@c @implementation
public func ferry_reader_next(
  _ reader: ferry_reader, _ record: UnsafeMutablePointer<ferry_record>?,
  _ error: UnsafeMutablePointer<ferry_error>?
) -> ferry_status {
  call(reader, as: OpenReader.self, error) { reader throws(Failure) in
    let record = try record.required("record")
    record.pointee = try reader.stream.next()
  }
}

/// The next record of a reader that is fed.
@c @implementation
public func ferry_reader_push(
  _ reader: ferry_reader, _ bytes: UnsafeRawPointer?, _ size: Int,
  _ taken: UnsafeMutablePointer<Int>?, _ record: UnsafeMutablePointer<ferry_record>?,
  _ error: UnsafeMutablePointer<ferry_error>?
) -> ferry_status {
  call(reader, as: OpenReader.self, error) { reader throws(Failure) in
    let (taken, record) = (try taken.required("taken"), try record.required("record"))
    // SAFETY: the caller lends the bytes for the call.
    var rest = RawSpan(_unsafeBytes: try CallerBytes.buffer(bytes, size, "bytes"))
    let given = try reader.stream.push(&rest)
    taken.pointee = size - rest.byteCount
    record.pointee = given
  }
}

/// Says that no more comes.
@c @implementation
public func ferry_reader_finish(
  _ reader: ferry_reader, _ error: UnsafeMutablePointer<ferry_error>?
) -> ferry_status {
  call(reader, as: OpenReader.self, error) { reader throws(Failure) in
    try reader.stream.finish()
  }
}

/// What the stream says of a device.
@c @implementation
public func ferry_reader_device(
  _ reader: ferry_reader, _ number: UInt16, _ device: UnsafeMutablePointer<ferry_device>?,
  _ error: UnsafeMutablePointer<ferry_error>?
) -> ferry_status {
  call(reader, as: OpenReader.self, error) { reader throws(Failure) in
    let device = try device.required("device")
    device.pointee = try reader.stream.device(number)
  }
}

/// The bytes of the chunk that came last.
@c @implementation
public func ferry_reader_state(
  _ reader: ferry_reader, _ bytes: UnsafeMutablePointer<UnsafeRawPointer?>?,
  _ size: UnsafeMutablePointer<Int>?, _ error: UnsafeMutablePointer<ferry_error>?
) -> ferry_status {
  call(reader, as: OpenReader.self, error) { reader throws(Failure) in
    let (bytes, size) = (try bytes.required("bytes"), try size.required("size"))
    let state = try reader.stream.state()
    bytes.pointee = state.baseAddress
    size.pointee = state.count
  }
}
