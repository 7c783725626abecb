import ByteIO
import Replay
import StreamIO
import SystemPackage

/// The devices that a command line names.
struct OpenDevices {
  /// What `--help` says of device names.
  static let help = """
    A DEVICE is named by a scheme. In this build:

      emulated:mtty?ports=1|2[&text=TEXT][&file=F]
          the kernel's sample serial device; TEXT stands in its FIFO, and F keeps the device
          between commands
      emulated:synthetic?size=SIZE[&precopy=SIZE][&dirty=N%][&seed=N][&p2p=no][&idle=0]
                         [&reinit=N][&pasid-width=N][&migration=no]
          as much state as wanted, made up on the fly; a target checks every byte

    Either also takes step=SIZE and fail=FROM-TO:ERRNO, fail=BYTE:ERRNO or fail=CALL:ERRNO, with \
    :ERROR behind it for a device that falls into that state.
    """

  let devices: [AnyDevice]
  private let files: [(path: String, device: Int)]

  init(_ names: [String]) throws {
    var devices: [AnyDevice] = []
    var files: [(String, Int)] = []
    for name in names {
      let uri = try DeviceURI(parsing: name)
      guard uri.scheme == "emulated" else {
        throw CommandError.no(
          "\(name): this build has emulated devices only (emulated:mtty, emulated:synthetic), and "
            + "none of the scheme '\(uri.scheme)'")
      }
      let isSerial = uri.path == "mtty"
      let device = try EmulatedDevice(uri, ignoring: isSerial ? ["file"] : [])
      let paths = uri.parameters.filter { $0.key == "file" }.map(\.value)
      if isSerial, let path = paths.first {
        guard paths.count == 1, !files.contains(where: { $0.0 == path }) else {
          throw CommandError.usage("\(path): expected one device to be kept in it")
        }
        try Self.load(path, into: device)
        files.append((path, devices.count))
      }
      devices.append(AnyDevice(device))
    }
    self.devices = devices
    self.files = files
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
    guard let model = device.model as? SerialDeviceModel, model.restore(bytes) else {
      throw CommandError.damaged(
        "\(path): expected the state of an mtty device with the ports asked for, found "
          + "\(bytes.count) other bytes")
    }
  }

  /// Writes back the devices that live in files.
  func save() throws {
    for (path, number) in files {
      guard let model = devices[number].emulated?.model as? SerialDeviceModel else { continue }
      let output = try OutputFile(path: path)
      try output.write(model.image.span.raw)
      try output.commit()
    }
  }
}
