import ByteIO
import Replay
import StreamIO
import SystemPackage

/// The devices that a command line names.
struct OpenDevices {
  /// What `--help` says of device names.
  static let help = """
    A DEVICE is named by a scheme. In this build:

    \(families)

    Each also takes step=SIZE and fail=FROM-TO:ERRNO, fail=BYTE:ERRNO or fail=CALL:ERRNO, with \
    :ERROR behind it for a device that falls into that state.
    """

  private static var names: String {
    EmulatedFamily.all.map { "emulated:\($0.name)" }.joined(separator: ", ")
  }

  private static var families: String {
    EmulatedFamily.all.map { family in
      let parameters = family.parameters.isEmpty ? "" : "?\(family.parameters)"
      return "  emulated:\(family.name)\(parameters)\n      \(family.summary)"
    }.joined(separator: "\n")
  }

  let devices: [EmulatedDevice]
  private let files: [(path: String, device: Int)]

  init(_ names: [String]) throws {
    var devices: [EmulatedDevice] = []
    var files: [(String, Int)] = []
    for name in names {
      let uri = try DeviceURI(parsing: name)
      guard uri.scheme == "emulated" else {
        throw CommandError.no(
          "\(name): this build has emulated devices only (\(Self.names)), and none of the scheme "
            + "'\(uri.scheme)'")
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
      devices.append(device)
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
      guard let model = devices[number].model as? SerialDeviceModel else { continue }
      let output = try OutputFile(path: path)
      try output.write(model.image.span.raw)
      try output.commit()
    }
  }
}
