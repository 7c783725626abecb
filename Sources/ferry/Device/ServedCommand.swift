import ArgumentParser
import ByteIO
import DeviceServer
import Devices
import Reports
import VFIOUser

/// `ferry served`: what the operator of `ferry serve` asks at a control socket.
struct ServedCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "served",
    abstract: "Look at a device that ferry serve serves, stop it, and run it.",
    subcommands: [ServedStatus.self, ServedQuiesce.self, ServedRun.self])
}

/// `ferry served status`.
struct ServedStatus: ReportingCommand {
  static let configuration = CommandConfiguration(
    commandName: "status",
    abstract: "Print who has the device, its state, and what was asked of it.",
    discussion: "Example: ferry served status nic.control")

  @Argument(help: ArgumentHelp("The control socket.", valueName: "path"), completion: .file())
  var path: String

  @Flag(help: "Print JSON (schemas/served.schema.json).")
  var json = false

  func run() throws {
    let control = try ControlClient(path: path)
    try TextOutput.show(ServedReport(try control.status(), path: path), asJSON: json)
  }
}

/// `ferry served quiesce`.
struct ServedQuiesce: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "quiesce",
    abstract: "Stop the device; its client's messages wait until it runs again.",
    discussion: """
      QEMU gives up waiting after its x-msg-timeout of 5 seconds, so pause the VM before (QMP stop). A \
      client that has the device's registers mapped cannot be made to wait: --paused says that it does.

      Example: ferry served quiesce nic.control --paused
      """)

  @Argument(help: ArgumentHelp("The control socket.", valueName: "path"), completion: .file())
  var path: String

  @Flag(help: "The VM that has the device is paused: the operator's word.")
  var paused = false

  func run() throws {
    let control = try ControlClient(path: path)
    if !paused { try control.requireHeldClient() }
    try control.move(to: .stop)
    try TextOutput.show("\(path): \(MigrationState.stop)")
  }
}

/// `ferry served run`.
struct ServedRun: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run",
    abstract: "Let a device run that was stopped, by a capture or by quiesce.",
    discussion: "Example: ferry served run nic.control")

  @Argument(help: ArgumentHelp("The control socket.", valueName: "path"), completion: .file())
  var path: String

  func run() throws {
    try ControlClient(path: path).move(to: .running)
    try TextOutput.show("\(path): \(MigrationState.running)")
  }
}
