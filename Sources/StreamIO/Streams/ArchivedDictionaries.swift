import MigrationStream

/// The dictionaries that the identities of an archive name, which are read together when the first is asked for.
final class ArchivedDictionaries {
  private var digests: [UInt16: Digest]?

  /// The digest that the identity of `device` names; nil where it names none.
  func digest(
    of device: UInt16, in archive: borrowing StreamArchive
  ) throws(StreamIOError) -> Digest? {
    if let digests { return digests[device] }
    var found: [UInt16: Digest] = [:]
    var cursor = RecordCursor()
    // Identities come before all state.
    walk: while let record = try cursor.next(in: archive) {
      switch record.content {
      case .metadata(.identity(let identity, let device)): found[device] = identity.dictionary
      case .metadata: break
      case .chunk: break walk
      }
    }
    digests = found
    return found[device]
  }
}
