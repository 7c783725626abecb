import ArgumentParser
import ByteIO
import StreamIO
import SystemPackage
import VFIO

/// `--trace`: the kernel, and a file that is told of every call.
struct TraceOption: ParsableArguments {
  @Option(
    name: .customLong("trace"),
    help: ArgumentHelp(
      "Write every system call for the kernel's devices to this file (ferry trace show prints it).",
      valueName: "file"))
  var path: String?

  /// The kernel that this process runs on; a signal that was noted ends a call.
  private static var untraced: LinuxKernel { LinuxKernel() }

  /// The kernel that a command's devices are of.
  func kernel() throws -> any KernelInterface {
    let kernel = Self.untraced
    guard let path else { return kernel }
    let file = try TraceFile(path: path)
    let start = ContinuousClock.now
    return TracingKernel(
      kernel,
      now: {
        let (seconds, attoseconds) = (ContinuousClock.now - start).components
        return UInt64(seconds) * 1_000_000_000 + UInt64(attoseconds / 1_000_000_000)
      }, record: { file.write($0.json.line) })
  }
}

/// A trace on its way to a file, a line at a time: what was traced last before a crash is what one
/// wants to see.
private final class TraceFile {
  private let path: String
  private let descriptor: FileDescriptor
  private var hasFailed = false

  init(path: String) throws {
    self.path = path
    do {
      descriptor = try FileDescriptor.open(
        FilePath(PathBytes(text: path)), .writeOnly, options: [.create, .truncate, .closeOnExec],
        permissions: [.ownerReadWrite, .groupRead, .otherRead])
    } catch let error as Errno {
      throw StreamIOError(path, .system(error, attempting: "open"))
    }
  }

  deinit { try? descriptor.close() }

  /// A device must not be left halfway because its trace has no room: that is said once, and the
  /// work goes on.
  func write(_ line: String) {
    guard !hasFailed else { return }
    do {
      try descriptor.writeAll((line + "\n").utf8)
    } catch {
      hasFailed = true
      StandardError.print("ferry: \(path): \(error); the trace ends here")
    }
  }
}

extension FilePath {
  /// The path of these bytes.
  init(_ path: PathBytes) {
    self = unsafe path.withCString { unsafe FilePath(platformString: $0) }
  }
}
