import ArgumentParser
import Devices
import MigrationStream
import PCIConfig
import StreamIO
import VFIO

/// Where the `pci` commands take configuration spaces from: a dump, raw bytes, sysfs, or a device
/// of a stream (`F.dms#DEVICE`, and `F.dms#DEVICE:guest` for what its guest was shown), or the
/// region of a device (`vfio:…`).
enum SpaceInput {
  /// More than a dump of every function of a large machine.
  private static let byteLimit = 64 << 20

  /// The spaces that `name` stands for; a device of the kernel's is one of `kernel`.
  static func read(_ name: String, in kernel: any KernelInterface) throws -> ConfigSpaceDump {
    if let device = try OpenDevices.one(named: name, in: kernel) { return try region(of: device) }
    if let reference = StreamReference(name) { return try ConfigSpaceDump([reference.device()]) }
    let dump = try ConfigSpaceDump(parsing: try InputFile(path: name).contents(limit: byteLimit))
    // A space from sysfs does not say where it sits, but its folder does.
    if dump.devices.count == 1, let device = dump.devices.first, device.line == nil,
      name.hasSuffix("/config"), let folder = name.split(separator: "/").dropLast().last,
      let address = PCIAddress(folder)
    {
      return try ConfigSpaceDump([
        DumpedDevice(address: address, title: "", line: nil, space: device.space)
      ])
    }
    return dump
  }

  /// The configuration region of an open device.
  private static func region(of device: any MigratableDevice) throws -> ConfigSpaceDump {
    let bytes: [UInt8]
    do throws(DeviceError) {
      bytes = try device.configurationRegion()
    } catch {
      throw CommandError.device("\(device.name): \(error)")
    }
    return try ConfigSpaceDump([
      DumpedDevice(
        address: PCIAddress(device.name), title: "", line: nil, space: try ConfigSpace(bytes))
    ])
  }

  /// The one space that `name` stands for, or that of the device at `slot`.
  static func space(
    _ name: String, at slot: String?, in kernel: any KernelInterface
  ) throws -> ConfigSpace {
    var space: ConfigSpace?
    try reportingFailures(in: name) {
      let devices = try read(name, in: kernel).devices(at: slot)
      guard devices.count == 1 else {
        throw PCIConfigError(
          .noDevice, "expected one device, found \(devices.count): choose one by its slot")
      }
      space = devices[0].space
    }
    guard let space else { throw CommandError.damaged() }
    return space
  }

  /// Runs `body`; an error about a space gets `name` in front of it and becomes the exit code.
  static func reportingFailures(in name: String, _ body: () throws -> Void) throws {
    do {
      try FileContentError.naming(name) {
        do {
          try body()
        } catch let error as PCIConfigError where error.code == .noDevice {
          throw CommandError.no("\(name): \(error)")
        }
      }
    }
  }
}

/// A device of a stream, as `FILE#DEVICE` names it.
private struct StreamReference {
  private let path: String
  private let selector: DeviceSelector
  private let isGuestsView: Bool

  init?(_ name: String) {
    guard let hash = name.lastIndex(of: "#") else { return nil }
    var device = name[name.index(after: hash)...]
    isGuestsView = device.hasSuffix(":guest")
    if isGuestsView { device = device.dropLast(":guest".count) }
    guard let selector = DeviceSelector(argument: String(device)) else { return nil }
    self.selector = selector
    path = String(name[..<hash])
  }

  func device() throws -> DumpedDevice {
    let archive = try StreamArchive(
      try InputFile(path: path).seekable(), limits: .randomAccess)
    let catalog = try archive.catalog()
    let number = try selector.number(among: catalog.devices.map(\.identity.name), in: path)
    let device = catalog.devices[Int(number)]
    let image: [UInt8]?
    if let offset = device.recordOffsets[.configurationSpace],
      case .configuration(let record, _) = try archive.record(at: offset)
    {
      image = isGuestsView ? record.synthesized : record.physical ?? record.synthesized
    } else {
      image = nil
    }
    guard let image else {
      throw CommandError.no(
        "\(path): expected \(isGuestsView ? "a synthesised" : "a") configuration space of device "
          + "'\(selector)', found none")
    }
    return DumpedDevice(
      address: device.identity.name.flatMap(PCIAddress.init), title: "", line: nil,
      space: try ConfigSpace(image))
  }
}
