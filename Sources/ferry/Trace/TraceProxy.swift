import ArgumentParser
import ByteIO
import Devices
import Reports
import VFIO
import VFIOUser

/// `ferry trace proxy`.
struct TraceProxy: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "proxy",
    abstract: "Stand between a vfio-user client and its server, and record the messages.",
    discussion: """
      Listens at one socket, connects each client to the server at another, and passes messages and \
      descriptors on as they came. The trace has a line of JSON for each command with its reply \
      (schemas/trace.schema.json); 'ferry trace show' prints it. It goes on until it is told to end \
      (SIGINT, SIGTERM), or with --once until the first client is gone.

      Example: ferry trace proxy --listen for-qemu.sock --to device.sock -o messages.trace
      """)

  @Option(help: ArgumentHelp("Where clients connect.", valueName: "socket"), completion: .file())
  var listen: String

  @Option(
    name: .customLong("to"), help: ArgumentHelp("The server.", valueName: "socket"),
    completion: .file())
  var server: String

  @Option(
    name: .shortAndLong, help: ArgumentHelp("The trace, or -.", valueName: "out"),
    completion: .file())
  var output: String

  @Flag(help: "End with the first client.")
  var once = false

  func run() throws {
    guard listen != server else {
      throw CommandError.usage("\(listen): expected two sockets, found one")
    }
    let file = try LineFile(path: output, for: "trace")
    let start = ContinuousClock.now
    let trace = MessageTrace(
      now: { UInt64(clamping: (ContinuousClock.now - start).nanoseconds) },
      record: { file.write($0.json.line) })
    SignalGuard.install()
    let proxy: MessageProxy
    do throws(LinuxErrno) {
      proxy = try MessageProxy(at: listen, to: server, trace: trace)
    } catch {
      throw CommandError.input("\(listen): \(error)")
    }
    StandardError.print("ferry: \(listen): listening for clients of \(server)")
    while true {
      let end: MessageProxy.End
      do throws(LinuxErrno) {
        end = try proxy.serveClient()
      } catch {
        if once { throw CommandError.input("\(server): \(error)") }
        StandardError.print("ferry: \(server): \(error)")
        continue
      }
      switch end {
      case .interrupted: return
      case .client(let error): StandardError.print("ferry: the client ended: \(error)")
      case .server(let error): StandardError.print("ferry: the server ended: \(error)")
      }
      if let failure = file.failure { throw CommandError(failure) }
      if once { return }
    }
  }
}

extension Duration {
  /// In whole nanoseconds.
  var nanoseconds: Int64 {
    let (seconds, attoseconds) = components
    return seconds * 1_000_000_000 + attoseconds / 1_000_000_000
  }
}
