/// Why reading a QEMU stream ended before its end.
public enum QEMUReadError<SourceFailure: Error>: Error {
  /// The bytes are not what they should be.
  case stream(QEMUStreamError)
  /// The source of the bytes failed.
  case source(SourceFailure)
}
