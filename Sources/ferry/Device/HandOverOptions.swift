import ArgumentParser
import ByteIO
import Devices
import Glibc
import Reports
import StreamIO
import SystemPackage
import VFIO

/// Who holds the kernel's devices once they are restored: what is restored lasts as long as
/// somebody does.
struct HandOverOptions: ParsableArguments {
  @Option(
    name: .customLong("then"), parsing: .remaining,
    help: ArgumentHelp(
      """
      Become this command once the devices are restored, with their descriptors open and their numbers in \
      FERRY_FDS. Takes the rest of the line.
      """, valueName: "command"))
  var command: [String] = []

  @Option(
    name: .customLong("hand-over"),
    help: ArgumentHelp(
      """
      Pass the descriptors of the restored devices to who listens on this Unix socket, and answers with a \
      byte 0x06 within 30 s; else nobody has them.
      """, valueName: "socket"), completion: .file())
  var socket: String?

  @Option(
    name: .customLong("hand-over-user"),
    help: ArgumentHelp(
      "The user who may take them there, besides root (default: who runs this command).",
      valueName: "uid"))
  var user: UInt32?

  @Flag(help: "Keep the restored devices open until a signal comes.")
  var hold = false

  var isAsked: Bool { !command.isEmpty || socket != nil || hold }

  func validate() throws {
    // The parser does not tell the option without words from none.
    guard !command.isEmpty || !ProcessArguments.all.contains("--then") else {
      throw ValidationError("Expected a command behind --then, found none.")
    }
    guard [!command.isEmpty, socket != nil, hold].filter({ $0 }).count <= 1 else {
      throw ValidationError("--then, --hand-over and --hold exclude each other.")
    }
    guard user == nil || socket != nil else {
      throw ValidationError("--hand-over-user goes with --hand-over.")
    }
  }

  /// Finds out before any device is touched whether there will be somebody to hold them.
  func prepare(_ devices: [any MigratableDevice]) throws -> DeviceKeeper {
    guard isAsked else { return .nobody }
    if let device = devices.first(where: { !($0 is KernelDevice) }) {
      throw CommandError.usage(
        "\(device.name): --then, --hand-over and --hold are for devices of the kernel, which have "
          + "descriptors to keep open")
    }
    if let name = command.first {
      guard let program = Program(named: name) else {
        throw CommandError.usage("--then \(name): there is no such command")
      }
      return .command(program, command)
    }
    if let socket {
      do throws(HandOver.SendError) {
        return .socket(
          try HandOver.connect(to: FilePath(PathBytes(text: socket)), user: user ?? geteuid()),
          socket)
      } catch {
        throw CommandError.handOver(error, to: socket)
      }
    }
    return .signal
  }
}

/// Who holds restored devices.
enum DeviceKeeper {
  case nobody
  case command(Program, [String])
  case socket(FileDescriptor, String)
  case signal

  /// Gives them the devices. Does not return if this process becomes another program.
  func take(_ devices: [any MigratableDevice]) throws {
    let kept = devices.compactMap { $0 as? KernelDevice }
    let inheritance = kept.map(\.inheritance)
    switch self {
    case .nobody: break
    case .command(let program, let arguments):
      do throws(LinuxErrno) {
        try HandOver.keepOnExec(inheritance)
        let variable = [HandOver.environmentVariable: InheritedDevice.text(of: inheritance)]
        let reason = program.replaceThisProcess(
          arguments: arguments, settingVariables: variable)
        throw LinuxErrno(rawValue: reason.rawValue)
      } catch {
        throw CommandError.input("--then \(program.path): \(error)")
      }
    case .socket(let socket, let path):
      do throws(HandOver.SendError) {
        try HandOver.pass(inheritance, over: socket, within: .seconds(30))
      } catch {
        throw CommandError.handOver(error, to: path)
      }
      for device in kept { device.handOver() }
    case .signal:
      StandardError.print(
        "ferry: holding \(QuantityText.count(kept.count, "device")) until a signal comes")
      // A signal between the test and the sleep does not end the sleep.
      while SignalGuard.signal == nil { SystemClock().sleep(for: .milliseconds(500)) }
    }
  }
}

extension CommandError {
  /// The devices were not handed over.
  fileprivate static func handOver(_ error: HandOver.SendError, to path: String) -> CommandError {
    var detail = ErrorDetail("hand-over", file: path)
    if case .system(let cause) = error { detail.errno = cause.symbol }
    return input("--hand-over \(path): \(error)").about(detail)
  }
}
