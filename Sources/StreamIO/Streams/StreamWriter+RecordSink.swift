public import MigrationStream

extension StreamWriter: RecordSink {
  public var limits: StreamLimits { header.limits }
}
