import ByteIO
import StreamIO
import SystemPackage

/// A file that grows a line at a time under its own name, so that what came last before a crash is
/// in it; `-` is standard output.
final class LineFile {
  private let path: String
  private let content: String
  private let descriptor: FileDescriptor
  /// What went wrong with a line, behind which there are no more.
  private(set) var failure: StreamIOError?

  /// Makes the file, or empties it; `content` is the word for what is in it.
  init(path: String, for content: String) throws {
    self.path = path
    self.content = content
    guard path != "-" else {
      descriptor = .standardOutput
      return
    }
    do {
      descriptor = try FileDescriptor.open(
        FilePath(PathBytes(text: path)), .writeOnly, options: [.create, .truncate, .closeOnExec],
        permissions: [.ownerReadWrite, .groupRead, .otherRead])
    } catch let error as Errno {
      throw StreamIOError(path, .system(error, attempting: "open"))
    }
  }

  deinit { if path != "-" { try? descriptor.close() } }

  /// A device must not be left halfway because a line has no room: that is said once, and the work
  /// goes on.
  func write(_ line: String) {
    guard failure == nil else { return }
    do {
      try descriptor.writeAll((line + "\n").utf8)
    } catch {
      failure = StreamIOError(path, .system(error as? Errno ?? .ioError, attempting: "write"))
      StandardError.print("ferry: \(path): \(error); the \(content) ends here")
    }
  }
}

extension FilePath {
  /// The path of these bytes.
  init(_ path: PathBytes) {
    self = unsafe path.withCString { unsafe FilePath(platformString: $0) }
  }
}
