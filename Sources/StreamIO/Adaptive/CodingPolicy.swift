public import MigrationStream

/// How a writer with files decides how chunks are coded.
public enum CodingPolicy: Sendable, Hashable {
  /// All alike.
  case fixed(Compression)
  /// Each as the rates of the coder and of what is written to suggest at that moment: the bytes of
  /// the stream then depend on the time that things take.
  case adaptive

  /// What chunks are coded with, or what is known of it beforehand.
  var compression: Compression {
    switch self {
    case .fixed(let compression): compression
    case .adaptive: .standard
    }
  }
}
