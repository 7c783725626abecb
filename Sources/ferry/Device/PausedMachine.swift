import ByteIO
import DeviceServer
import Devices
import Inputs
import Migration
import MigrationStream
import StateTranslation
import StreamIO
import VirtualPCI

/// A VM of QEMU that waits, paused, for its half of devices that were restored behind its back.
struct PausedMachine {
  private let monitor: QMPClient
  private let path: String
  private let identifier: String?
  /// What the guest saw of each device.
  private let spaces: [ConfigSpaceState]

  /// Nil if nobody asks QEMU; throws if the VM runs, or the stream does not say what its guest saw.
  init?(
    _ options: PauseOptions, _ open: OpenDevices, _ targets: [ReplayTarget], file: String,
    _ limits: DecodingLimits
  ) throws {
    guard let path = options.qmp, let monitor = try options.monitor() else { return nil }
    guard file != "-" else {
      throw CommandError.usage("--qmp needs a stream in a file, for it is read twice")
    }
    do throws(QMPError) {
      guard try !monitor.isRunning() else {
        throw .unsuitable(
          "the VM runs, with a device whose state it does not have; start it with -incoming, or "
            + "pause it")
      }
    } catch {
      throw CommandError.no("\(path): \(error)")
    }
    self.monitor = monitor
    self.path = path
    identifier = options.qdev
    let stream = try ArchivedState(StreamArchive(InputFile(path: file), limits: limits))
    let devices = stream.catalog.devices
    var spaces: [ConfigSpaceState] = []
    for index in open.controls.keys.sorted() {
      let number = targets[index].number
      guard Int(number) < devices.count else {
        throw CommandError.no("\(file): expected a device \(number), found \(devices.count)")
      }
      let introduction = try stream.archive.introduction(of: number, devices[Int(number)])
      guard let record = introduction.configuration,
        let space = ConfigSpaceState(record)
          ?? record.physical.map({ ConfigSpaceState(physical: $0) })
      else {
        throw CommandError.no("\(file): device \(number): it does not say what its guest saw")
      }
      guard !space.hasMSIXEnabled else {
        throw CommandError.no(
          "\(file): device \(number): its guest had MSI-X enabled, whose table is in no stream")
      }
      spaces.append(space)
    }
    self.spaces = spaces
  }

  /// Writes the registers that QEMU keeps.
  func giveRegistersBack() throws {
    for space in spaces {
      do throws(QMPError) {
        try monitor.restore(space, identifier: identifier)
      } catch {
        throw CommandError.input("\(path): \(error)")
      }
    }
  }
}

extension ConfigSpaceState {
  /// A space that the guest saw as the device has it.
  fileprivate init(physical: [UInt8]) {
    self.init(
      synthesized: physical, emulatedBits: [UInt8](repeating: 0, count: physical.count))
  }
}
