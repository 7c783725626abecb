import MigrationStream

extension Failure {
  /// What is wrong with a stream.
  init(_ error: StreamError) {
    self.init(Self.status(of: error.code), message: "\(error)")
    offset = error.offset
    record = error.record
    device = error.device
    expected = error.expected
    found = error.found
  }

  private static func status(of code: StreamError.Code) -> Status {
    switch code {
    case .notAStream: .notAStream
    case .unsupportedVersion, .unsupportedFeature, .unknownMandatoryRecord,
      .unknownMandatoryField, .missingDictionary:
      .unsupported
    case .limitExceeded: .limitExceeded
    case .unwilling, .windowExceeded: .unwilling
    case .headerChecksum, .payloadChecksum, .digestMismatch: .checksum
    case .malformedRecord, .malformedField, .corruptChunk: .malformed
    case .misplacedRecord: .misplaced
    case .torn: .torn
    case .trailingData: .trailing
    case .compression: .compression
    default: .inconsistent
    }
  }
}
