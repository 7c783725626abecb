import ArgumentParser
import Devices
import Reports
import VFIO
import VFIOUser

/// `ferry devices`: what VFIO offers on this host.
struct DevicesCommand: ReportingCommand {
  static let configuration = CommandConfiguration(
    commandName: "devices",
    abstract: "List the host's VFIO devices and what is known of them.",
    discussion: """
      Reads sysfs and opens no device; what only the device itself knows is 'not asked'. Who holds a \
      device is read in /proc, and what the kernel shows of its migration in debugfs, as far as this \
      user may; reading the state there has the driver tell it. --probe opens every device that nobody \
      holds and asks it: whether its driver can migrate it, and what its IOMMU can do. vfio-pci resets a function when it is opened and when it is closed.

      With --probe, devices that other processes serve (vfio-user:SOCKET) can be named to be asked \
      too; a server takes one client at a time.

      Example: ferry devices --probe
      """)

  @Argument(
    help: ArgumentHelp("Devices at sockets to ask as well, vfio-user:SOCKET.", valueName: "device"),
    completion: .device)
  var names: [String] = []

  @Flag(help: "Open the devices that nobody holds, and ask them.")
  var probe = false

  @Option(
    help: ArgumentHelp(
      "Read another host's /sys, copied or mounted under this folder.", valueName: "folder"),
    completion: .directory)
  var sysroot = ""

  @OptionGroup var trace: TraceOption

  @Flag(help: "Print JSON (schemas/devices.schema.json).")
  var json = false

  func validate() throws {
    guard probe || names.isEmpty else {
      throw ValidationError("Expected --probe with devices that are named: they are only asked.")
    }
    guard !probe || sysroot.isEmpty else {
      throw ValidationError(
        "--probe and --sysroot exclude each other: only this host can be asked.")
    }
  }

  func run() throws {
    let host = HostTree(in: try trace.kernel(), root: sysroot)
    do throws(HostTree.Absent) {
      try host.checkRoot()
    } catch {
      throw CommandError.input(error.reason)
    }
    let devices = host.devices()
    if probe, !devices.isEmpty {
      StandardError.print(
        "ferry: opening the devices that nobody holds; vfio-pci resets a function when it is opened"
      )
    }
    let holders = host.holders(of: devices)
    let served = try names.map { name in try ask(name) }
    let report = DevicesReport(
      served
        + zip(devices, holders).map { device, holders in
          DevicesReport.Device(device, of: host, holders: holders, isProbed: probe)
        }, isProbed: probe)
    try TextOutput.show(report, asJSON: json)
  }

  /// A device at a server's socket, with what it answered.
  private func ask(_ name: String) throws -> DevicesReport.Device {
    let uri = try DeviceURI(parsing: name)
    guard uri.scheme == "vfio-user",
      let device = try OpenDevices.one(named: name, in: trace.kernel()) as? VFIOUserDevice
    else { throw CommandError.usage("\(name): expected vfio-user:SOCKET") }
    return DevicesReport.Device(try device.hostDevice(at: uri.path), try device.probe())
  }
}
