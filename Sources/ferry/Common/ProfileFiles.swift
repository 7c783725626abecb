import ByteIO
import Inputs
import StreamIO
import VirtualPCI

/// How the profile commands read, write and fail.
enum ProfileFiles {
  /// A profile is a few pages of text.
  private static let byteLimit = 4 << 20

  /// The layout of the profile in the file `path`.
  static func layout(_ path: String) throws -> ProfileLayout {
    let text = try bytes(path)
    return try naming(path) { () throws(ProfileError) in
      try ProfileLayout(Profile(parsing: text))
    }
  }

  /// The whole of a small file; `-` is standard input.
  static func bytes(_ path: String) throws -> [UInt8] {
    try InputFile(path, for: .document("a vPCI profile")).contents(limit: byteLimit)
  }

  /// Writes a file, which appears when it is whole; `-` is standard output.
  static func write(_ bytes: [UInt8], to path: String) throws {
    var file = try file(bytes, for: path)
    try file.finish()
  }

  /// A file of these bytes, which is not in its place yet.
  static func file(_ bytes: [UInt8], for path: String) throws -> OutputFile {
    let file = try OutputFile(path: path)
    try file.write(bytes.span.raw)
    return file
  }

  /// Runs `body`; every problem of a profile becomes a line with the file's name.
  static func naming<Result>(
    _ path: String, _ body: () throws(ProfileError) -> Result
  ) throws -> Result {
    do throws(ProfileError) {
      return try body()
    } catch {
      let lines = error.problems.map { "\(path):\($0.mark == nil ? " " : "")\($0)" }
      throw CommandError.damaged(lines.joined(separator: "\nferry: "))
    }
  }
}
