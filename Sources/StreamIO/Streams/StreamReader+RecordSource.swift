public import MigrationStream

extension StreamReader: VerifyingRecordSource {
  public var recordNumber: UInt32 { recordHeader?.sequence ?? 0 }
}
