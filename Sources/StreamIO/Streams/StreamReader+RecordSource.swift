public import MigrationStream

extension StreamReader: RecordSource {
  public var recordNumber: UInt32 { recordHeader?.sequence ?? 0 }
}
