import Glibc
import StreamIO
import SystemPackage

/// A folder of a test's own, gone with what is in it when the test is over.
final class TemporaryFolder {
  let path: String

  init() throws {
    // In memory where there is such a place: the tests write thousands of small files.
    let parent = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp"
    var template = Array("\(parent)/ferry-test-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else {
      throw StreamIOError(parent, .system(Errno(rawValue: errno), attempting: "make a folder in"))
    }
    path = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
  }

  deinit {
    for name in names { unlink(self[name]) }
    rmdir(path)
  }

  /// The path of the file called `name`.
  subscript(name: String) -> String { "\(path)/\(name)" }

  /// The names of all files, hidden ones too.
  var names: [String] {
    guard let directory = opendir(path) else { return [] }
    defer { closedir(directory) }
    var names: [String] = []
    while let entry = readdir(directory) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name != "." && name != ".." { names.append(name) }
    }
    return names.sorted()
  }

  /// Writes a file and gives its path.
  @discardableResult
  func write(_ bytes: some Sequence<UInt8>, to name: String = "stream.dms") throws -> String {
    let bytes = [UInt8](bytes)
    let file = fopen(self[name], "wb")
    let written = file.map { fwrite(bytes, 1, bytes.count, $0) }
    // A cut file would be tested as if it were meant.
    guard let file, fclose(file) == 0, written == bytes.count else {
      throw StreamIOError(self[name], .system(Errno(rawValue: errno), attempting: "write"))
    }
    return self[name]
  }

  /// Writes a stream and opens it.
  func archive(_ bytes: some Sequence<UInt8>) throws -> StreamArchive {
    try StreamArchive(try InputFile(path: write(bytes)))
  }
}
