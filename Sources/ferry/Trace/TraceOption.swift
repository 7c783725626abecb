import ArgumentParser
import ByteIO
import VFIO

/// `--trace`: the kernel, and a file that is told of every call.
struct TraceOption: ParsableArguments {
  @Option(
    name: .customLong("trace"),
    help: ArgumentHelp(
      "Write every system call for the kernel's devices to this file (ferry trace show prints it).",
      valueName: "file"), completion: .file())
  var path: String?

  /// The kernel that this process runs on; a signal that was noted ends a call.
  private static var untraced: LinuxKernel { LinuxKernel() }

  /// The kernel that a command's devices are of.
  func kernel() throws -> any KernelInterface {
    let kernel = Self.untraced
    guard let path else { return kernel }
    let file = try LineFile(path: path, for: "trace")
    let start = ContinuousClock.now
    return TracingKernel(
      kernel,
      now: { UInt64(clamping: (ContinuousClock.now - start).nanoseconds) },
      record: { file.write($0.json.line) })
  }
}
