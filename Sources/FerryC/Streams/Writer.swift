// The names are C's.
// swift-format-ignore-file: AlwaysUseLowerCamelCase

public import CFerry
import MigrationStream

/// The object behind a `ferry_writer`.
final class StreamOutput: HandleObject {
  static let kind = HandleKind.writer

  private var encoder: StreamEncoder
  private let output: Output
  private var isFinished = false
  // Behind bytes that did not come out, or half of a device, nothing can follow.
  private var failure: Failure?

  init(to output: Output, _ options: ferry_writer_options) throws(Failure) {
    let coding = try StreamCoding(options)
    do throws(StreamError) {
      encoder = try StreamEncoder(coding.header, compression: coding.compression)
    } catch {
      throw Failure(error)
    }
    self.output = output
    try write(.information(coding.information))
  }

  func introduce(_ device: ferry_device) throws(Failure) -> UInt16 {
    try requireOpen()
    guard let number = UInt16(exactly: encoder.deviceCount) else {
      throw Failure(.limit, "at most 65536 devices", found: "another")
    }
    for record in try DeviceIntroduction(device, number: number).records {
      do throws(Failure) {
        try write(record)
      } catch {
        // A stream cannot go on behind half of an introduction.
        if Int(number) < encoder.deviceCount { failure = error }
        throw error
      }
    }
    return number
  }

  func add(_ bytes: RawSpan, of device: UInt16, _ context: StateChunk.Context) throws(Failure) {
    try requireOpen()
    guard device < encoder.deviceCount else {
      throw Failure(
        argument: "device", "one of \(encoder.deviceCount) devices", found: "\(device)")
    }
    try note { () throws(Failure) in
      try Self.push(bytes, of: device, context, with: &encoder, to: output)
    }
  }

  func finish() throws(Failure) {
    try requireOpen()
    try note { () throws(Failure) in try Self.finish(&encoder, output) }
    isFinished = true
  }

  private func write(_ record: Record) throws(Failure) {
    try note { () throws(Failure) in try Self.write(record, with: &encoder, to: output) }
  }

  private func requireOpen() throws(Failure) {
    if let failure { throw failure }
    guard !isFinished else {
      throw Failure(.order, "nothing behind the end of the stream", found: "a call")
    }
  }

  /// Keeps a failure of the output; a record that the encoder refuses has changed nothing.
  private func note(_ body: () throws(Failure) -> Void) throws(Failure) {
    do throws(Failure) {
      try body()
    } catch {
      if error.status == .callback || error.status == .system { failure = error }
      throw error
    }
  }

  // MARK: Bytes

  // What the encoder lends keeps its owner from being used, so these take the owner's parts.

  private static func write(
    _ record: Record, with encoder: inout StreamEncoder, to output: Output
  ) throws(Failure) {
    let bytes: EncodedBytes
    do throws(StreamError) {
      bytes = try encoder.write(record)
    } catch {
      throw Failure(error)
    }
    try output.write(bytes)
  }

  private static func push(
    _ bytes: RawSpan, of device: UInt16, _ context: StateChunk.Context,
    with encoder: inout StreamEncoder, to output: Output
  ) throws(Failure) {
    var rest = bytes
    while true {
      let coded: EncodedBytes?
      do throws(StreamError) {
        coded = try encoder.push(&rest, device: device, context: context)
      } catch {
        throw Failure(error)
      }
      guard let coded else { return }
      try output.write(coded)
    }
  }

  private static func finish(
    _ encoder: inout StreamEncoder, _ output: Output
  ) throws(Failure) {
    try flush(&encoder, output)
    let bytes: EncodedBytes
    do throws(StreamError) {
      bytes = try encoder.finish()
    } catch {
      throw Failure(error)
    }
    try output.write(bytes)
  }

  private static func flush(_ encoder: inout StreamEncoder, _ output: Output) throws(Failure) {
    let coded: EncodedBytes?
    do throws(StreamError) {
      coded = try encoder.flush()
    } catch {
      throw Failure(error)
    }
    guard let coded else { return }
    try output.write(coded)
  }
}

extension Output {
  fileprivate func write(_ bytes: EncodedBytes) throws(Failure) {
    try write(bytes.head)
    try write(bytes.body)
  }
}

/// Begins a stream over a caller's function.
@c @implementation
public func ferry_writer_open(
  _ sink: UnsafePointer<ferry_sink>?, _ options: UnsafePointer<ferry_writer_options>?,
  _ writer: UnsafeMutablePointer<ferry_writer>?, _ error: UnsafeMutablePointer<ferry_error>?
) -> ferry_status {
  call(error) { () throws(Failure) in
    let result = try writer.required("writer")
    result.pointee = try open(try Output(sink, "sink"), options)
  }
}

/// Begins a stream into a descriptor.
@c @implementation
public func ferry_writer_open_fd(
  _ fd: Int32, _ options: UnsafePointer<ferry_writer_options>?,
  _ writer: UnsafeMutablePointer<ferry_writer>?, _ error: UnsafeMutablePointer<ferry_error>?
) -> ferry_status {
  call(error) { () throws(Failure) in
    let result = try writer.required("writer")
    result.pointee = try open(.descriptor(fd), options)
  }
}

private func open(
  _ output: Output, _ options: UnsafePointer<ferry_writer_options>?
) throws(Failure) -> ferry_writer {
  let stream = try StreamOutput(to: output, options?.pointee ?? ferry_writer_options())
  return try HandleTable.shared.insert(stream)
}

/// Introduces the next device.
@c @implementation
public func ferry_writer_introduce(
  _ writer: ferry_writer, _ device: UnsafePointer<ferry_device>?,
  _ number: UnsafeMutablePointer<UInt16>?, _ error: UnsafeMutablePointer<ferry_error>?
) -> ferry_status {
  call(writer, as: StreamOutput.self, error) { writer throws(Failure) in
    let given = try writer.introduce(try device.required("device").pointee)
    number?.pointee = given
  }
}

/// Adds the next bytes of a device's state.
@c @implementation
public func ferry_writer_state(
  _ writer: ferry_writer, _ device: UInt16, _ phase: UInt32, _ iteration: UInt32,
  _ flags: UInt32, _ bytes: UnsafeRawPointer?, _ size: Int,
  _ error: UnsafeMutablePointer<ferry_error>?
) -> ferry_status {
  call(writer, as: StreamOutput.self, error) { writer throws(Failure) in
    guard let raw = UInt8(exactly: phase), let phase = StateChunk.Phase(rawValue: raw) else {
      throw Failure(argument: "phase", "one of FERRY_PHASE_", found: "\(phase)")
    }
    guard flags <= 15 else {
      throw Failure(argument: "flags", "a sum of FERRY_CHUNK_", found: "\(flags)")
    }
    let context = StateChunk.Context(
      phase: phase, iteration: iteration, flags: StateChunk.Flags(rawValue: UInt8(flags)))
    let buffer = try CallerBytes.buffer(bytes, size, "bytes")
    // SAFETY: the caller lends the bytes for the call.
    try writer.add(RawSpan(_unsafeBytes: buffer), of: device, context)
  }
}

/// Sums up and ends the stream.
@c @implementation
public func ferry_writer_finish(
  _ writer: ferry_writer, _ error: UnsafeMutablePointer<ferry_error>?
) -> ferry_status {
  call(writer, as: StreamOutput.self, error) { writer throws(Failure) in
    try writer.finish()
  }
}
