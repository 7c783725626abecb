import ByteIO
import Glibc

extension PathBytes {
  /// A kind of file, links followed.
  enum Kind {
    case regular
    case folder
    /// A pipe, a socket, a device: what opens it may wait.
    case other
  }

  /// The kind of file at the path; nil if there is none.
  var kind: Kind? {
    var status = stat()
    guard unsafe withCString({ unsafe stat($0, &status) }) == 0 else { return nil }
    switch status.st_mode & S_IFMT {
    case S_IFREG: return .regular
    case S_IFDIR: return .folder
    default: return .other
    }
  }
}
