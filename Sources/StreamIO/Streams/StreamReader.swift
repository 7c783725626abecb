import ByteIO
public import MigrationStream

/// A stream read from a file or a pipe, from its start to its end.
public struct StreamReader: ~Copyable {
  private var decoder: StreamDecoder
  private let input: InputFile

  public init(_ input: consuming InputFile, limits: DecodingLimits = .standard) {
    self.input = input
    decoder = StreamDecoder(limits: limits)
  }

  public var path: String { input.path }
  /// The size of the input in bytes, where it has one.
  public var inputByteCount: UInt64? { input.byteCount }
  /// The stream header, once `next()` was called.
  public var header: StreamHeader? { decoder.header }
  /// The header of the record that `next()` gave.
  public var recordHeader: RecordHeader? { decoder.recordHeader }
  /// Where the record that `next()` gave begins.
  public var recordOffset: UInt64 { decoder.recordOffset }
  /// The stream bytes read so far.
  public var offset: UInt64 { decoder.offset }
  /// Whether the end record came.
  public var isContentComplete: Bool { decoder.isContentComplete }

  /// The stored payload of the record that `next()` gave.
  public var payload: RawSpan {
    @_lifetime(borrow self)
    get { decoder.payload }
  }

  /// The next record, or nil after the footer.
  public mutating func next() throws(StreamIOError) -> Record? {
    while true {
      do throws(StreamError) {
        if let record = try decoder.next() { return record }
      } catch {
        throw StreamIOError(input.path, .stream(error))
      }
      if try Self.fill(&decoder, from: input) == 0 {
        do throws(StreamError) {
          try decoder.finish()
          return nil
        } catch {
          throw StreamIOError(input.path, .stream(error))
        }
      }
    }
  }

  private static func fill(
    _ decoder: inout StreamDecoder, from input: borrowing InputFile
  ) throws(StreamIOError) -> Int {
    try decoder.fill { (span) throws(StreamIOError) in try input.read(into: &span) }
  }

  /// The state bytes of the chunk that `next()` gave.
  @_lifetime(&self)
  public mutating func chunkBytes() throws(StreamIOError) -> RawSpan {
    do throws(StreamError) {
      return try decoder.chunkBytes()
    } catch {
      throw StreamIOError(input.path, .stream(error))
    }
  }

  /// Whether the digest of `device` was held against its summary.
  public func isVerified(device: UInt16) -> Bool { decoder.isVerified(device: device) }
}
