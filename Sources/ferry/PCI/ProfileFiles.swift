import ArgumentParser
import PCIConfig
import SystemPackage

/// How the profile commands read, write and fail.
enum ProfileFiles {
  /// A profile is a few pages of text.
  private static let byteLimit = 4 << 20

  /// The layout of the profile in the file `name`.
  static func layout(_ name: String) throws -> ProfileLayout {
    let text = try bytes(name)
    return try reportingProblems(in: name) { () throws(ProfileError) in
      try ProfileLayout(Profile(parsing: text))
    }
  }

  /// The whole of the file `name`; `-` is standard input.
  static func bytes(_ name: String) throws -> [UInt8] {
    do {
      guard name != "-" else { return try bytes(FileDescriptor.standardInput) }
      let file = try FileDescriptor.open(FilePath(name), .readOnly)
      return try file.closeAfter { try bytes(file) }
    } catch let error as Errno {
      try fail("\(name): \(error)", 5)
    }
  }

  private static func bytes(_ file: FileDescriptor) throws -> [UInt8] {
    var bytes: [UInt8] = []
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 65536, alignment: 1)
    defer { unsafe buffer.deallocate() }
    while true {
      let count = try unsafe file.read(into: buffer)
      if count == 0 { return bytes }
      unsafe bytes.append(contentsOf: buffer[..<count])
      guard bytes.count <= byteLimit else {
        try fail("expected a profile of at most \(byteLimit) bytes", 3)
      }
    }
  }

  /// Writes `bytes` to the file `name`; `-` is standard output.
  static func write(_ bytes: some Sequence<UInt8>, to name: String) throws {
    do {
      guard name != "-" else {
        _ = try FileDescriptor.standardOutput.writeAll(bytes)
        return
      }
      let file = try FileDescriptor.open(
        FilePath(name), .writeOnly, options: [.create, .truncate],
        permissions: [.ownerReadWrite, .groupRead, .otherRead])
      _ = try file.closeAfter { try file.writeAll(bytes) }
    } catch let error as Errno {
      try fail("\(name): \(error)", 5)
    }
  }

  /// Runs `body`; every problem of a profile becomes a line with the file's name, and the exit code is 3.
  static func reportingProblems<T>(
    in name: String, _ body: () throws(ProfileError) -> T
  ) throws -> T {
    do throws(ProfileError) {
      return try body()
    } catch {
      let lines = error.problems.map { problem in
        "\(name):\(problem.mark == nil ? " " : "")\(problem)"
      }
      try fail(lines.joined(separator: "\nferry: "), 3)
    }
  }

  /// Ends the command with a message on standard error.
  static func fail(_ message: String, _ code: Int32) throws -> Never {
    _ = try? FileDescriptor.standardError.writeAll("ferry: \(message)\n".utf8)
    throw ExitCode(code)
  }
}
