import ByteIO
import DeviceServer
import Devices
import EmulatedDevices
import Inputs
import MigrationStream
import PCIConfig
import StreamIO
import SystemPackage
import VFIO
import VFIOUser

/// The devices that a command line names.
struct OpenDevices {
  /// What `--help` says of device names.
  static let help = """
    A DEVICE is named by a scheme:

      vfio:0000:3b:00.1, vfio:UUID, vfio:/dev/vfio/devices/vfio0   [?interface=cdev|group&vf-token=UUID]
          a device of the kernel, by its PCI address, the UUID of a mediated device, or its file
      fd:5[?iommufd=6&devid=1[&ioas=2]]
          a device that is open already, inherited from a VMM
      vfio-user:/run/device.sock
          a device that another process serves at a Unix socket
      serve:/run/device.control
          a device that ferry serve serves to a VMM, by its control socket
      emulated:function?config=DUMP
          a function with the configuration space in a dump, and memory in its BARs; it cannot migrate
    \(families)

    Parameters of emulated devices stand behind a question mark, with & between them, as in \
    emulated:mtty?ports=2&text=hello. Each device also takes step=SIZE and fail=FROM-TO:ERRNO, \
    fail=BYTE:ERRNO or fail=CALL:ERRNO, with :ERROR behind it for a device that falls into that state.
    """

  private static var families: String {
    EmulatedFamily.all.map { family in
      "  emulated:\(family.name)\n\(indented(family.summary))\n"
        + indented(family.parameters.joined(separator: " "))
    }.joined(separator: "\n")
  }

  /// `text` in lines of 78 columns that begin with six spaces.
  private static func indented(_ text: String) -> String {
    var lines: [String] = []
    for word in text.split(separator: " ") {
      if let last = lines.last, last.count + 1 + word.count <= 78 {
        lines[lines.count - 1] = last + " " + word
      } else {
        lines.append("      " + word)
      }
    }
    return lines.joined(separator: "\n")
  }

  let devices: [any MigratableDevice]
  /// The control sockets of devices that are served, by the devices' places.
  let controls: [Int: ControlClient]

  /// Opens them all; those of the kernel are of `kernel`.
  init(_ names: [String], in kernel: any KernelInterface) throws {
    var devices: [any MigratableDevice] = []
    var controls: [Int: ControlClient] = [:]
    for name in names {
      let uri = try DeviceURI(parsing: name)
      switch uri.scheme {
      case "emulated": break
      case "vfio", "fd":
        devices.append(try KernelDevice.open(uri, in: kernel))
        continue
      case "vfio-user":
        try Self.refuseParameters(of: uri)
        devices.append(
          try VFIOUserDevice(path: uri.path, name: uri.text, trace: MessageTrace(of: kernel)))
        continue
      case "serve":
        try Self.refuseParameters(of: uri)
        let control = try ControlClient(
          path: uri.path, name: uri.text, trace: MessageTrace(of: kernel))
        controls[devices.count] = control
        devices.append(control.device)
        continue
      default:
        throw CommandError.usage(
          "\(name): expected a device of the scheme vfio, fd, vfio-user, serve or emulated, "
            + "found '\(uri.scheme)'")
      }
      if uri.path == "function" {
        devices.append(try Self.function(uri))
        continue
      }
      let device = try EmulatedDevice(uri, mayBeKept: true)
      if let path = device.keptPath { try Self.load(path, into: device) }
      devices.append(device)
    }
    self.devices = devices
    self.controls = controls
    try Outputs.requireDistinct(outputs)
  }

  /// The files in which devices are kept.
  var outputs: [(option: String, path: String?)] {
    devices.enumerated().compactMap { number, device in
      (device as? EmulatedDevice)?.keptPath.map { ("device \(number), file", $0) }
    }
  }

  /// The device that `name` names; nil if it is the name of something else, such as a file.
  static func one(
    named name: String, in kernel: any KernelInterface
  ) throws -> (any MigratableDevice)? {
    guard let uri = try? DeviceURI(parsing: name), schemes.contains(uri.scheme) else { return nil }
    return try OpenDevices([name], in: kernel).devices[0]
  }

  private static let schemes: Set<String> = ["vfio", "fd", "vfio-user", "serve", "emulated"]

  private static func function(
    _ uri: DeviceURI
  ) throws -> EmulatedDevice {
    guard uri.parameters.count == 1, uri.parameters[0].key == "config" else {
      throw CommandError.usage("\(uri.text): expected emulated:function?config=DUMP")
    }
    let path = uri.parameters[0].value
    return try FileContentError.naming(path) {
      EmulatedDevice(uri.text, function: try ConfigSpaceInput.dump(path).device(at: nil))
    }
  }

  private static func refuseParameters(of uri: DeviceURI) throws {
    guard let parameter = uri.parameters.first else { return }
    throw CommandError.usage("\(uri.text): expected no parameter, found '\(parameter.key)='")
  }

  private static func load(_ path: String, into device: EmulatedDevice) throws {
    let bytes: [UInt8]
    do throws(StreamIOError) {
      bytes = try InputFile(path: path).contents(limit: 4096)
    } catch {
      // The first time there is no file: then the device is new.
      if case .system(.noSuchFileOrDirectory, _) = error.cause { return }
      throw error
    }
    do throws(EmulatedDevice.KeptStateError) {
      try device.restore(keptState: bytes)
    } catch {
      throw CommandError.damaged("\(path): \(error)")
    }
  }

  /// Writes back the devices that live in files.
  func save() throws {
    for case let device as EmulatedDevice in devices {
      guard let path = device.keptPath, let state = device.keptState else { continue }
      var output = try OutputFile(path: path)
      try output.write(state.span.raw)
      try output.finish()
    }
  }
}

extension MigratableDevice {
  /// The driver, for what it means by its errno.
  var driver: String? { (try? identity())?.driver }

  /// Says of a device at a server's socket that nobody knows how it is once this command is over.
  func warnOfConnectionEnd() {
    guard let device = self as? VFIOUserDevice, !device.isKeptByServer else { return }
    StandardError.print(
      "ferry: \(name): what its server does with the device when this command's connection ends is not "
        + "known; ferry serve and libvfio-user's samples reset it")
  }

  /// Whether the driver resets the device when its last descriptor closes, which is this command's.
  var isResetWhenClosed: Bool { (self as? KernelDevice)?.isResetWhenClosed ?? false }
}
