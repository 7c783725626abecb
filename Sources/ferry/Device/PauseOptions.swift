import ArgumentParser
import ByteIO
import DeviceServer
import Devices
import VFIOUser
import VirtualPCI

/// What becomes of the VM that has a device which is served: `--qmp`, `--qdev`, `--paused`.
struct PauseOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "QEMU's monitor socket (-qmp unix:…); for devices that are served (serve:PATH).",
      valueName: "socket"))
  var qmp: String?

  @Option(
    help: ArgumentHelp(
      "The id of the device in QEMU, if its PCI ids do not name it.", valueName: "id"))
  var qdev: String?

  @Flag(help: "The VM that has the device is paused: the operator's word.")
  var paused = false

  func validate() throws {
    guard qmp == nil || !paused else {
      throw ValidationError("--qmp and --paused exclude each other: QEMU is asked, or not.")
    }
    guard qdev == nil || qmp != nil else { throw ValidationError("--qdev goes with --qmp.") }
  }

  /// Whether the VM does not run while the device is stopped.
  var isAsked: Bool { qmp != nil || paused }

  /// Connects to QEMU's monitor, if there is one to ask.
  func monitor() throws -> QMPClient? {
    guard let qmp else { return nil }
    do throws(QMPError) {
      return try QMPClient(path: qmp)
    } catch {
      throw CommandError.input("\(qmp): \(error)")
    }
  }

  /// Refuses options that fit none of the devices, and devices whose clients could reach them while
  /// they are stopped.
  func check(_ controls: [Int: ControlClient]) throws {
    guard !controls.isEmpty || !isAsked else {
      throw CommandError.usage("--qmp and --paused go with a device that is served (serve:PATH)")
    }
    guard qdev == nil || controls.count == 1 else {
      throw CommandError.usage("--qdev names one device, found \(controls.count) that are served")
    }
    guard !isAsked else { return }
    for control in controls.values { try control.requireHeldClient() }
  }
}

extension ControlClient {
  /// Refuses a device that a running VM reaches without a message, which nobody may while it is
  /// stopped.
  func requireHeldClient() throws {
    guard try status().mapsRegisters else { return }
    throw CommandError.no(
      "\(device.name): its client reaches the device's registers without a message, which nobody may "
        + "while it is stopped; pause the VM (--qmp, or --paused if it is), or serve with --no-map")
  }

  /// Refuses a guest with MSI-X, whose table its VMM alone knows.
  func requireNoMSIX() throws {
    guard try guestView().hasMSIXEnabled else { return }
    throw CommandError.no(
      "\(device.name): the guest has MSI-X enabled, whose table its VMM keeps and no server sees, so "
        + "the device could not be resumed elsewhere")
  }

  /// Refuses a device that somebody has stopped: a capture would reset it first.
  func requireRunning() throws {
    let state = try device.state()
    guard state != .running else { return }
    throw CommandError.no(
      "\(device.name): expected a device that runs, found it in \(state); ferry served run lets it run, "
        + "if its state lives nowhere else")
  }
}

/// A VM of QEMU that a capture has paused.
struct PausedVM {
  private let monitor: QMPClient
  private let path: String
  private let wasRunning: Bool

  /// Pauses the VM, unless it is; nil if nobody asks QEMU.
  init?(_ options: PauseOptions) throws {
    guard let path = options.qmp, let monitor = try options.monitor() else { return nil }
    self.monitor = monitor
    self.path = path
    do throws(QMPError) {
      wasRunning = try monitor.isRunning()
      if wasRunning { try monitor.pause() }
      guard try !monitor.isRunning() else {
        throw .unsuitable("QEMU did not pause the VM")
      }
    } catch {
      throw CommandError.input("\(path): \(error)")
    }
  }

  /// Lets the VM run on as it did, and says so if that fails.
  func runOn() {
    guard wasRunning else { return }
    do throws(QMPError) {
      try monitor.resume()
    } catch {
      StandardError.print("ferry: \(path): the VM stays paused: \(error)")
    }
  }
}
