import ArgumentParser
import PCIConfig
import SystemPackage

/// Where the `pci` commands take configuration spaces from: the one place to add another form, such as a stream's
/// device.
enum SpaceInput {
  /// More than a dump of every function of a large machine.
  private static let byteLimit = 256 << 20

  /// The spaces that `name` stands for.
  static func read(_ name: String) throws -> ConfigSpaceDump {
    let dump = try ConfigSpaceDump(parsing: contents(of: name))
    // A space from sysfs does not say where it sits, but its folder does.
    if dump.devices.count == 1, let device = dump.devices.first, device.line == nil,
      name.hasSuffix("/config"), let folder = name.split(separator: "/").dropLast().last,
      let address = PCIAddress(folder)
    {
      return try ConfigSpaceDump([
        DumpedDevice(address: address, title: "", line: nil, space: device.space)
      ])
    }
    return dump
  }

  /// Runs `body`; what it throws is reported with `name` in front and becomes the exit code.
  static func reportingFailures(in name: String, _ body: () throws -> Void) throws {
    do {
      try body()
    } catch let error as PCIConfigError {
      let colon = if case .text = error.place { ":" } else { ": " }
      try fail("\(name)\(colon)\(error)", error.code == .noDevice ? 1 : 3)
    } catch let error as Errno {
      try fail("\(name): \(error)", 5)
    }
  }

  private static func fail(_ message: String, _ code: Int32) throws -> Never {
    _ = try? FileDescriptor.standardError.writeAll("ferry: \(message)\n".utf8)
    throw ExitCode(code)
  }

  private static func contents(of name: String) throws -> [UInt8] {
    guard name != "-" else { return try contents(of: FileDescriptor.standardInput) }
    let file = try FileDescriptor.open(FilePath(name), .readOnly)
    return try file.closeAfter { try contents(of: file) }
  }

  private static func contents(of file: FileDescriptor) throws -> [UInt8] {
    var bytes: [UInt8] = []
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 65536, alignment: 1)
    defer { unsafe buffer.deallocate() }
    while true {
      let count = try unsafe file.read(into: buffer)
      if count == 0 { return bytes }
      guard bytes.count + count <= byteLimit else {
        throw PCIConfigError(.limit, "expected at most \(byteLimit) bytes")
      }
      unsafe bytes.append(contentsOf: buffer[..<count])
    }
  }
}
