/// Where a record lies, for the errors about its fields.
package struct RecordPlace {
  var payloadOffset: UInt64
  package var record: UInt32
  var device: UInt16?

  package init(payloadOffset: UInt64, record: UInt32, device: UInt16? = nil) {
    self.payloadOffset = payloadOffset
    self.record = record
    self.device = device
  }

  /// The place of the record with this header, whose payload begins at `payloadOffset`.
  package init(_ header: RecordHeader, payloadOffset: UInt64) {
    self.init(
      payloadOffset: payloadOffset, record: header.sequence, device: header.deviceNumber)
  }

  package func error(
    _ code: StreamError.Code, at offset: UInt64? = nil, expected: String, found: String
  ) -> StreamError {
    StreamError(
      code, at: offset ?? payloadOffset, record: record, device: device, expected: expected,
      found: found)
  }
}
