#if canImport(Glibc)
  import Glibc
#endif

/// Files of the project's `corpora` folder, found from this source file.
public enum Corpus {
  /// The project's root folder.
  public static let root: String = {
    let parts = #filePath.split(separator: "/", omittingEmptySubsequences: false)
    return parts.dropLast(3).joined(separator: "/")
  }()

  /// The whole of `corpora/<name>`.
  public static func bytes(_ name: String) throws -> [UInt8] {
    try contents(root + "/corpora/" + name)
  }

  /// The whole of the file at `path`.
  public static func contents(_ path: String) throws -> [UInt8] {
    guard let file = fopen(path, "rb") else { throw Missing(path: path) }
    defer { fclose(file) }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65536)
    while true {
      let count = fread(&buffer, 1, buffer.count, file)
      if count == 0 { return bytes }
      bytes += buffer[..<count]
    }
  }

  public struct Missing: Error { public let path: String }
}
