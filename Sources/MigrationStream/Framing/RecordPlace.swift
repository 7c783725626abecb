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

  /// The error that a delta refers to a record that is no kept chunk at hand.
  package func noReference(distance: UInt16) -> StreamError {
    error(
      .malformedRecord, expected: "a delta against a kept chunk of its device, held in the window",
      found: "record \(Int64(record) - Int64(distance))")
  }

  package func error(
    _ code: StreamError.Code, at offset: UInt64? = nil, expected: String, found: String
  ) -> StreamError {
    StreamError(
      code, at: offset ?? payloadOffset, record: record, device: device, expected: expected,
      found: found)
  }
}
