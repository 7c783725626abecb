import ArgumentParser
import ByteIO
import Inputs
import Reports

/// Where a QEMU stream begins in its file.
struct OffsetOption: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      """
      Where the stream begins in F, as in QEMU's 'file:F,offset=N': a size (4KiB), or a number of bytes (0x1000). The \
      head of a libvirt save image tells it.
      """,
      valueName: "n"))
  var offset: StreamOffset?

  /// The files, of which the only one has the stream at the offset.
  func inputs(_ paths: [String], isReadTwice: Bool) throws -> [QEMUInput] {
    guard let offset else {
      return try paths.map {
        try QEMUInput($0, isReadTwice: isReadTwice || paths.count > 1)
      }
    }
    guard paths.count == 1 else {
      throw CommandError.usage("--offset: expected one file, found \(paths.count)")
    }
    return [try QEMUInput(paths[0], at: offset.byteCount)]
  }
}

/// A number of bytes, in decimal, in hexadecimal or as a size.
struct StreamOffset: ExpressibleByArgument {
  let byteCount: UInt64

  init?(argument: String) {
    let value =
      argument.hasPrefix("0x")
      ? UInt64(argument.dropFirst(2), radix: 16) : UInt64(byteCount: argument)
    // As much as a file can have.
    guard let value, value <= UInt64(Int64.max) else { return nil }
    byteCount = value
  }
}
