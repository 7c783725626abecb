import Glibc
import StreamIO
import SystemPackage

/// A folder for the demo's files, gone with everything in it when the demo is.
struct TemporaryFolder: ~Copyable {
  let path: String

  init() throws {
    let parent = unsafe getenv("TMPDIR").map { unsafe String(cString: $0) } ?? "/tmp"
    var template = Array("\(parent)/ferry-demo.XXXXXX".utf8CString)
    guard let made = unsafe mkdtemp(&template) else {
      throw StreamIOError(
        parent, .system(Errno(rawValue: errno), attempting: "make a temporary folder"))
    }
    path = unsafe String(cString: made)
  }

  /// Makes it the folder that relative names start from.
  borrowing func enter() throws {
    guard unsafe chdir(path) == 0 else {
      throw StreamIOError(path, .system(Errno(rawValue: errno), attempting: "enter"))
    }
  }

  deinit {
    if let folder = unsafe opendir(path) {
      while let entry = unsafe readdir(folder) {
        let name = unsafe withUnsafeBytes(of: entry.pointee.d_name) {
          unsafe String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
        }
        if name != "." && name != ".." { unsafe unlink("\(path)/\(name)") }
      }
      unsafe closedir(folder)
    }
    unsafe rmdir(path)
  }
}
