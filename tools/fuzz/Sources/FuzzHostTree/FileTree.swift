import ByteIO
import FuzzSupport
import Glibc

/// A line that says what is in a tree: a kind, a path, and behind a space what the kind wants.
///
///     d PATH          a folder
///     f PATH TEXT     a file with this text, | for a line's end; a config has 256 bytes
///     l PATH TARGET   a symbolic link
///     p PATH          a named pipe
///
/// Paths and targets stay in the tree: no line is taken with `..` in its path, or with a target
/// that begins with `/` or leads above the tree.
struct TreeEntry {
  enum Kind: UInt8 {
    case folder = 0x64
    case file = 0x66
    case link = 0x6c
    case pipe = 0x70
  }

  let kind: Kind
  let path: [ArraySlice<UInt8>]
  let text: ArraySlice<UInt8>

  /// The first 64 entries of a description, without what cannot be made.
  static func entries(in bytes: UnsafeBufferPointer<UInt8>) -> [TreeEntry] {
    [UInt8](bytes).split(separator: UInt8(ascii: "\n")).prefix(64).compactMap { TreeEntry($0) }
  }

  private init?(_ line: ArraySlice<UInt8>) {
    let parts = line.split(separator: UInt8(ascii: " "), maxSplits: 2)
    guard parts.count >= 2, parts[0].count == 1, let byte = parts[0].first,
      let kind = Kind(rawValue: byte), !line.contains(0)
    else { return nil }
    self.kind = kind
    path = parts[1].split(separator: UInt8(ascii: "/"))
    text = parts.count > 2 ? parts[2] : []
    guard (1...12).contains(path.count), path.allSatisfy({ $0.count <= 64 && !Self.isUp($0) })
    else { return nil }
    if kind == .link {
      let steps = text.split(separator: UInt8(ascii: "/"))
      guard !text.isEmpty, text.count <= 256, text.first != UInt8(ascii: "/"),
        steps.drop(while: Self.isUp).allSatisfy({ !Self.isUp($0) }),
        steps.prefix(while: Self.isUp).count < path.count
      else { return nil }
    }
  }

  /// What a file of this entry holds.
  var content: [UInt8] {
    let content =
      text.map { $0 == UInt8(ascii: "|") ? UInt8(ascii: "\n") : $0 } + [UInt8(ascii: "\n")]
    guard path.last?.elementsEqual("config".utf8) ?? false, content.count < 256 else {
      return content
    }
    return content + [UInt8](repeating: 0, count: 256 - content.count)
  }

  private static func isUp(_ step: ArraySlice<UInt8>) -> Bool {
    step.elementsEqual([UInt8(ascii: "."), UInt8(ascii: ".")])
      || step.elementsEqual([UInt8(ascii: ".")])
  }
}

/// A tree in a folder in memory, until it is removed.
struct FileTree {
  let root: String
  /// What was made, each behind the folder that it is in.
  private var made: [(path: [UInt8], kind: TreeEntry.Kind)] = []

  /// Makes what can be made of `entries` in a folder of its own; nothing is made through a link.
  init(_ entries: [TreeEntry]) {
    var path = Array("/dev/shm/fuzz-XXXXXX".utf8CString)
    require(mkdtemp(&path) != nil, "there is memory for a folder")
    root = String(decoding: path.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
    made.append(([UInt8](root.utf8), .folder))
    for entry in entries { make(entry) }
  }

  /// The paths of files that are no links, pipes or folders.
  var regularFiles: [String] {
    made.filter { $0.kind == .file }.map { PathBytes($0.path).text }
  }

  /// Takes the tree away again.
  func remove() {
    for (path, kind) in made.reversed() {
      PathBytes(path).withCString { path in
        require((kind == .folder ? rmdir(path) : unlink(path)) == 0, "what was made can be removed")
      }
    }
  }

  private mutating func make(_ entry: TreeEntry) {
    var path = [UInt8](root.utf8)
    for (index, step) in entry.path.enumerated() {
      path += [UInt8(ascii: "/")] + step
      let isLast = index == entry.path.count - 1
      if !isLast || entry.kind == .folder {
        guard makeFolder(path) else { return }
      } else if makeLeaf(entry, path) {
        made.append((path, entry.kind))
      }
    }
  }

  /// Whether there is a folder of this path now, which is no link to one.
  private mutating func makeFolder(_ path: [UInt8]) -> Bool {
    PathBytes(path).withCString { text in
      if mkdir(text, 0o700) == 0 {
        made.append((path, .folder))
        return true
      }
      var status = stat()
      return lstat(text, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }
  }

  private func makeLeaf(_ entry: TreeEntry, _ path: [UInt8]) -> Bool {
    PathBytes(path).withCString { text in
      switch entry.kind {
      case .folder: return false
      case .pipe: return mkfifo(text, 0o600) == 0
      case .link:
        return PathBytes([UInt8](entry.text)).withCString { symlink($0, text) } == 0
      case .file:
        let descriptor = open(text, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { return false }
        let content = entry.content
        require(
          content.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) } == content.count,
          "there is memory for a file")
        close(descriptor)
        return true
      }
    }
  }
}
