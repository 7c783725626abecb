import ArgumentParser
import ByteIO
import DeviceServer
import Devices
import EmulatedDevices
import Reports
import VFIO
import VFIOUser

/// `ferry serve`: devices for VMMs, over vfio-user.
struct ServeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "serve",
    abstract: "Serve devices to VMMs over vfio-user.",
    discussion: """
      Each device is served at its own Unix socket, to one VMM after the other. With a profile the \
      guest reads the configuration space that 'ferry pci synthesize' writes, byte for byte, whatever \
      the device's own is. It serves until it is told to end (SIGINT, SIGTERM), or with --once until \
      every device has had its first client; when a client goes, the device is reset. What happens is \
      told on standard error, a line for each event.

      F.dms#N serves an emulated device with the state of device N of a stream. Its guest sees the \
      configuration space of the emulated device, or the profile's, and not the one in the stream.

      A client of the user --map-uid (by default the user of this process; root always may) can map \
      the device's registers, where the device has a descriptor for that. That descriptor carries \
      every right on the device, so a client that has it is trusted with the device; --no-map gives \
      it to nobody. Any other client that may connect is served by messages. Who may connect is the \
      user --client-uid (by default that of --map-uid), whose the sockets are, the user of this \
      process, and root; the control sockets are for the user of this process and for root.

      Each device's client may have an equal share of the ranges of memory and of the open files \
      (ulimit -n) of this process.

      At the control socket the state can be taken out and put in while a VMM holds the device: \
      'ferry capture serve:PATH', 'ferry replay F serve:PATH', 'ferry served status PATH'.

      \(OpenDevices.help)

      Examples:
        ferry serve emulated:mtty --socket mtty.sock
        ferry serve emulated:mtty --socket a.sock emulated:igb --socket b.sock --control a.control
        qemu-system-x86_64 -m 1G -object memory-backend-memfd,id=ram,size=1G,share=on \
      -machine q35,memory-backend=ram \
      -device '{"driver":"vfio-user-pci","socket":{"type":"unix","path":"mtty.sock"}}'
      """)

  @Argument(help: ArgumentHelp("The devices.", valueName: "device"), completion: .device)
  var devices: [String]

  @Option(
    name: .customLong("socket"), parsing: .singleValue,
    help: ArgumentHelp("Where a device is served; the nth is the nth device's.", valueName: "path"),
    completion: .file())
  var sockets: [String] = []

  @Option(
    name: .customLong("profile"), parsing: .singleValue,
    help: ArgumentHelp(
      "The vPCI profile that a device's guest is shown; the nth is the nth device's.",
      valueName: "profile"), completion: .profile)
  var profiles: [String] = []

  @Option(
    name: .customLong("control"), parsing: .singleValue,
    help: ArgumentHelp(
      "A device's control socket; the nth is the nth device's.", valueName: "path"),
    completion: .file())
  var controls: [String] = []

  @Option(
    name: .customLong("map-uid"),
    help: ArgumentHelp("The user whose clients may map a device's registers.", valueName: "uid"))
  var mapUser: UInt32?

  @Option(
    name: .customLong("client-uid"),
    help: ArgumentHelp("The user whose clients may connect.", valueName: "uid"))
  var clientUser: UInt32?

  @Flag(name: .customLong("no-map"), help: "No client may map a device's registers.")
  var mapsNothing = false

  @Flag(help: "End when every device has had its first client.")
  var once = false

  @OptionGroup var trace: TraceOption

  func validate() throws {
    guard sockets.count == devices.count else {
      throw ValidationError(
        "Expected one --socket for each of \(devices.count) devices, found \(sockets.count).")
    }
    guard profiles.count <= devices.count, controls.count <= devices.count else {
      throw ValidationError("Expected at most one --profile and --control for each device.")
    }
    guard mapUser == nil || !mapsNothing else {
      throw ValidationError("--map-uid and --no-map exclude each other.")
    }
    let places = sockets + controls
    guard Set(places).count == places.count else {
      throw ValidationError("Expected different places for all sockets.")
    }
    guard trace.path == nil || devices.count == 1 else {
      throw ValidationError("--trace takes the messages of one device.")
    }
  }

  func run() throws {
    let kernel = try trace.kernel()
    SignalGuard.install()
    var servers: [FunctionServer] = []
    for (number, name) in devices.enumerated() {
      servers.append(try server(of: name, number, kernel))
    }
    let group: ServerGroup
    do throws(ServingError) {
      group = try ServerGroup(servers)
    } catch {
      throw CommandError.input("\(error)")
    }
    guard group.run() else {
      throw CommandError.input("the system has no thread for each device")
    }
    guard group.stuckCount == 0 else {
      throw CommandError.input(
        "\(group.stuckCount) of the devices did not come to their end within 15 s, and are left as they are"
      )
    }
  }

  private func server(
    of name: String, _ number: Int, _ kernel: any KernelInterface
  ) throws -> FunctionServer {
    let device = try ServedDevices.device(name, in: kernel)
    let profile = number < profiles.count ? try ProfileFiles.layout(profiles[number]) : nil
    var options = FunctionServer.Options()
    options.servesOnce = once
    if let mapUser { options.mapUser = mapUser }
    if mapsNothing { options.mapUser = nil }
    options.clientUser = clientUser
    let path = sockets[number]
    do throws(ServingError) {
      return try FunctionServer(
        ServedFunction(device, profile: profile), at: path,
        control: number < controls.count ? controls[number] : nil, options: options,
        trace: MessageTrace(of: kernel),
        report: { ServerLog.print("ferry: \(path): \($0)") })
    } catch {
      throw CommandError(error)
    }
  }
}

extension CommandError {
  /// Why a device is not served, with the exit code of its kind.
  fileprivate init(_ error: ServingError) {
    self =
      switch error {
      case .unsuitable(let reason), .profile(let reason): .answer("unsuitable", reason)
      case .device(let cause): .device("\(cause)")
      case .socket(let path, let errno): .input("\(path): \(errno)")
      }
  }
}
