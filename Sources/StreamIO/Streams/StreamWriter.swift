import ByteIO
public import MigrationStream

/// A stream on its way into a file.
public struct StreamWriter: ~Copyable {
  private var encoder: StreamEncoder
  private let output: OutputFile

  /// Begins a stream in `output`; nothing is written before the first record.
  public init(
    to output: consuming OutputFile, header: StreamHeader, compression: Compression = .standard
  ) throws(StreamIOError) {
    let path = output.path
    do throws(StreamError) {
      encoder = try StreamEncoder(header, compression: compression)
    } catch {
      throw StreamIOError(path, .stream(error))
    }
    self.output = output
  }

  public var header: StreamHeader { encoder.header }

  /// The number of stream bytes written.
  public var byteCount: UInt64 { encoder.byteCount }

  /// Writes a record that is not state, as `StreamEncoder.write(_:)` takes it.
  public mutating func write(_ record: Record) throws(StreamIOError) {
    try Self.write(record, with: &encoder, to: output)
  }

  /// Writes the next chunk of a device's state.
  public mutating func write(
    _ chunk: RawSpan, device: UInt16, context: StateChunk.Context
  ) throws(StreamIOError) {
    try Self.write(chunk, device: device, context: context, with: &encoder, to: output)
  }

  /// Ends the stream and puts the file in place.
  public consuming func finish() throws(StreamIOError) {
    try Self.finish(&encoder, output)
    try output.commit()
  }

  // What the encoder lends keeps its owner from being used, so these take the owner's parts.

  private static func write(
    _ record: Record, with encoder: inout StreamEncoder, to output: borrowing OutputFile
  ) throws(StreamIOError) {
    let bytes: EncodedBytes
    do throws(StreamError) {
      bytes = try encoder.write(record)
    } catch {
      throw StreamIOError(output.path, .stream(error))
    }
    try output.write(bytes.head, bytes.body)
  }

  private static func write(
    _ chunk: RawSpan, device: UInt16, context: StateChunk.Context,
    with encoder: inout StreamEncoder, to output: borrowing OutputFile
  ) throws(StreamIOError) {
    let bytes: EncodedBytes
    do throws(StreamError) {
      bytes = try encoder.chunk(chunk, device: device, context: context)
    } catch {
      throw StreamIOError(output.path, .stream(error))
    }
    try output.write(bytes.head, bytes.body)
  }

  private static func finish(
    _ encoder: inout StreamEncoder, _ output: borrowing OutputFile
  ) throws(StreamIOError) {
    let bytes: EncodedBytes
    do throws(StreamError) {
      bytes = try encoder.finish()
    } catch {
      throw StreamIOError(output.path, .stream(error))
    }
    try output.write(bytes.head, bytes.body)
  }
}
