/// Why a device could not be taken out of a QEMU stream.
public enum QEMUTransferError<SourceFailure: Error, SinkFailure: Error>: Error {
  /// The stream is not what it should be.
  case stream(QEMUStreamError)
  /// The source of the stream failed.
  case source(SourceFailure)
  /// The sink of the records failed.
  case sink(SinkFailure)

  init(_ error: QEMUReadError<SourceFailure>) {
    switch error {
    case .stream(let cause): self = .stream(cause)
    case .source(let cause): self = .source(cause)
    }
  }
}
