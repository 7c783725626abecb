import ByteIO
private import Glibc
import SystemPackage

/// Where what is written to a path goes, once links were followed.
enum OutputPlace {
  /// To this process's own descriptor (`/dev/stdout`, `/dev/fd/N`), from its position on.
  case descriptor(CInt)
  /// To something that is written as it is, such as a pipe, or a file that another has open.
  case existing(PathBytes, isOfProcess: Bool)
  /// Into the place of a file, which has this mode if it is there.
  case file(PathBytes, mode: UInt32?)

  // As many links as the kernel follows.
  private static let linkLimit = 40

  /// The place that `path` names; an error if nothing can be written there.
  init(_ path: PathBytes) throws(Errno) {
    var path = path
    for _ in 0..<Self.linkLimit {
      guard !path.bytes.isEmpty else { throw .noSuchFileOrDirectory }
      var status = stat()
      guard unsafe path.withCString({ unsafe lstat($0, &status) }) == 0 else {
        let code = Errno(rawValue: errno)
        guard code == .noSuchFileOrDirectory, !path.name.isEmpty else { throw code }
        self = .file(path, mode: nil)
        return
      }
      switch status.st_mode & S_IFMT {
      case S_IFDIR: throw .isDirectory
      case S_IFREG:
        self = .file(path, mode: status.st_mode & 0o7777)
        return
      case S_IFLNK:
        // A link of /proc leads to what is open, whatever text it has.
        if Self.isOfProcess(path.directory) {
          self =
            Self.isOwn(path.directory)
            ? .descriptor(CInt(String(decoding: path.name, as: UTF8.self)) ?? -1)
            : .existing(path, isOfProcess: true)
          return
        }
        let target = try Self.target(of: path)
        path =
          target.bytes.first == UInt8(ascii: "/") ? target : path.directory.appending(target.bytes)
      default:
        self = .existing(path, isOfProcess: false)
        return
      }
    }
    throw .tooManySymbolicLinkLevels
  }

  private static func target(of link: PathBytes) throws(Errno) -> PathBytes {
    try unsafe withUnsafeTemporaryAllocation(
      of: CChar.self, capacity: 4096
    ) { (room) throws(Errno) in
      guard let base = room.baseAddress else { throw .noMemory }
      let count = unsafe link.withCString { unsafe readlink($0, base, room.count) }
      guard count >= 0 else { throw Errno(rawValue: errno) }
      return unsafe PathBytes([UInt8](UnsafeRawBufferPointer(room).prefix(count)))
    }
  }

  /// Whether a folder is one of /proc.
  private static func isOfProcess(_ directory: PathBytes) -> Bool {
    guard let own = status(of: PathBytes(text: "/proc/self")) else { return false }
    return status(of: directory)?.st_dev == own.st_dev
  }

  /// Whether a folder is the one with this process's descriptors.
  private static func isOwn(_ directory: PathBytes) -> Bool {
    guard let own = status(of: PathBytes(text: "/proc/self/fd")),
      let status = status(of: directory)
    else { return false }
    return own.st_dev == status.st_dev && own.st_ino == status.st_ino
  }

  private static func status(of path: PathBytes) -> stat? {
    var status = stat()
    return unsafe path.withCString { unsafe stat($0, &status) } == 0 ? status : nil
  }
}

/// What two paths have in common that lead to one file; a device that takes whatever comes has
/// none.
public struct OutputIdentity: Sendable, Hashable {
  private let device: UInt64
  private let node: UInt64
  /// Of a file that is not there yet, in the folder that the numbers say.
  private let name: [UInt8]

  /// The file that `path` leads to, there or not, which `-` names too; nil if nothing can be lost
  /// there, or be written.
  public init?(path: String) {
    var status = stat()
    var name: [UInt8] = []
    if path == "-" {
      guard unsafe fstat(STDOUT_FILENO, &status) == 0 else { return nil }
    } else {
      guard let place = try? OutputPlace(PathBytes(text: path)) else { return nil }
      switch place {
      case .descriptor(let number):
        guard unsafe fstat(number, &status) == 0 else { return nil }
      case .existing(let path, _):
        guard unsafe path.withCString({ unsafe stat($0, &status) }) == 0 else { return nil }
      case .file(let path, let mode):
        let asked = mode == nil ? path.directory : path
        guard unsafe asked.withCString({ unsafe stat($0, &status) }) == 0 else { return nil }
        if mode == nil { name = [UInt8](path.name) }
      }
    }
    let kind = status.st_mode & S_IFMT
    guard kind != S_IFCHR, kind != S_IFBLK else { return nil }
    device = UInt64(status.st_dev)
    node = UInt64(status.st_ino)
    self.name = name
  }
}

extension PathBytes {
  private var slash: Int? { bytes.lastIndex(of: UInt8(ascii: "/")) }

  /// What is behind the last slash.
  var name: ArraySlice<UInt8> { bytes[(slash.map { $0 + 1 } ?? 0)...] }

  /// The folder that the name is in.
  var directory: PathBytes {
    guard let slash else { return PathBytes([UInt8(ascii: ".")]) }
    return PathBytes(slash == 0 ? [UInt8(ascii: "/")] : Array(bytes[..<slash]))
  }

  /// `name` in this folder.
  func appending(_ name: some Sequence<UInt8>) -> PathBytes {
    PathBytes(bytes + [UInt8(ascii: "/")] + name)
  }

  /// Another name in the same folder.
  func renamed(_ name: [UInt8]) -> PathBytes {
    PathBytes(bytes.prefix(bytes.count - self.name.count) + name)
  }
}
