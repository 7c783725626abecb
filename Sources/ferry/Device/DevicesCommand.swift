import ArgumentParser
import VFIO

/// `ferry devices`: what VFIO offers on this host.
struct DevicesCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "devices",
    abstract: "List the host's VFIO devices and what is known of them.",
    discussion: """
      Reads sysfs and opens nothing; what only the device itself knows is 'not asked'. --probe opens \
      every device that nobody holds and asks it: whether its driver can migrate it, and what its \
      IOMMU can do. vfio-pci resets a function when it is opened and when it is closed.

      Example: ferry devices --probe
      """)

  @Flag(help: "Open the devices that nobody holds, and ask them.")
  var probe = false

  @Option(
    help: ArgumentHelp(
      "Read another host's /sys, copied or mounted under this folder.", valueName: "folder"))
  var sysroot = ""

  @OptionGroup var trace: TraceOption

  @Flag(help: "Print JSON (schemas/devices.schema.json).")
  var json = false

  func validate() throws {
    guard !probe || sysroot.isEmpty else {
      throw ValidationError(
        "--probe and --sysroot exclude each other: only this host can be asked.")
    }
  }

  func run() throws {
    let host = HostTree(in: try trace.kernel(), root: sysroot)
    let devices = host.devices()
    if probe, !devices.isEmpty {
      StandardError.print(
        "ferry: opening the devices that nobody holds; vfio-pci resets a function when it is opened"
      )
    }
    let reports = devices.map { DeviceReport($0, probe ? host.probe($0) : nil) }
    var text = try TextOutput()
    if json {
      try text.print(try JSONText.of(DevicesReport(probed: probe, devices: reports)))
    } else if devices.isEmpty {
      try text.print("no VFIO devices: no driver of this host offers one")
    } else {
      try text.print(
        zip(devices, reports).map { DevicesText.text($0, $1.answer) }.joined(separator: "\n"))
    }
    try text.finish()
  }
}
