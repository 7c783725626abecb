public import ByteIO
public import MigrationStream

/// The state of one device of a sequence of records, as bytes.
public struct DeviceStateBytes<Records: RecordSource & ~Copyable>: ByteSource, ~Copyable {
  private var records: Records
  private let number: UInt16
  public let name: String
  private var chunk: [UInt8] = []
  private var position = 0
  private var isAtEnd = false

  /// The state of device `number`; errors call it `name`.
  ///
  /// It ends when all records were read, so that whoever reads to the end has had them checked.
  public init(of number: UInt16, in records: consuming Records, name: String) {
    self.records = records
    self.number = number
    self.name = name
  }

  /// Nil: the records tell the size last.
  public var byteCount: UInt64? { nil }

  public mutating func read(into span: inout MutableRawSpan) throws(Records.Failure) -> Int {
    while position == chunk.count && !isAtEnd { try readChunk() }
    let count = min(span.byteCount, chunk.count - position)
    span.copy(chunk.span.raw.extracting(position..<position + count))
    position += count
    return count
  }

  private mutating func readChunk() throws(Records.Failure) {
    while let record = try records.next() {
      guard case .chunk(let value) = record, value.device == number else { continue }
      chunk = [UInt8](try records.chunkBytes())
      position = 0
      return
    }
    isAtEnd = true
  }
}
