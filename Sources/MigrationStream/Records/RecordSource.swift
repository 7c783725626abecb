/// Where records come from: a stream in a file, a device.
public protocol RecordSource: ~Copyable {
  associatedtype Failure: Error

  /// The next record, or nil once everything came and was checked.
  mutating func next() throws(Failure) -> Record?

  /// The state bytes of the chunk that `next()` gave, lent until the next call; none after another record.
  @_lifetime(&self)
  mutating func chunkBytes() throws(Failure) -> RawSpan

  /// Where the record that `next()` gave begins.
  var recordOffset: UInt64 { get }

  /// The number of the record that `next()` gave, counted from 0.
  var recordNumber: UInt32 { get }

  /// Whether the state of `device` was held against the digest of its summary.
  func isVerified(device: UInt16) -> Bool
}
