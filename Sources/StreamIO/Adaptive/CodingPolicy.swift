public import MigrationStream

/// How a writer with files decides how chunks are coded.
public enum CodingPolicy: Sendable, Hashable {
  /// All alike.
  case fixed(Compression)
  /// Each as the rates of the coder and of what is written to suggest at that moment: the bytes of
  /// the stream then depend on the time that things take.
  case adaptive

  /// The window of a stream, `stateSentAgain` bytes of which may be sent more than once: the one
  /// that every reader takes if it holds all of them, else none.
  ///
  /// What is sent in rounds has left a smaller window before it comes again.
  public func windowByteCount(stateSentAgain: UInt64) -> UInt64 {
    let standard = DecodingLimits.standardWindowByteCount
    return (1...standard).contains(stateSentAgain) && self != .fixed(.raw) ? standard : 0
  }

  /// What chunks are coded with, or what is known of it beforehand.
  var compression: Compression {
    switch self {
    case .fixed(let compression): compression
    case .adaptive: .standard
    }
  }
}
