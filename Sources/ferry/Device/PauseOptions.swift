import ArgumentParser
import ByteIO
import DeviceServer
import Devices
import Migration
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

  /// Connects to QEMU's monitor, if there is one to ask.
  func monitor() throws -> QMPClient? {
    guard let qmp else { return nil }
    do throws(QMPError) {
      return try QMPClient(path: qmp)
    } catch {
      throw CommandError.input("\(qmp): \(error)")
    }
  }

  /// Refuses what could not be resumed, before the VM is paused: a guest with MSI-X, whose table
  /// its VMM alone knows.
  func check(_ controls: [Int: ControlClient]) throws {
    guard qmp != nil || paused else { return }
    guard !controls.isEmpty else {
      throw CommandError.usage("--qmp and --paused go with a device that is served (serve:PATH)")
    }
    for control in controls.values {
      let space = try control.guestView()
      guard space.hasMSIXEnabled else { continue }
      throw CommandError.no(
        "\(control.device.name): the guest has MSI-X enabled, whose table its VMM keeps and no server "
          + "sees, so the device could not be resumed elsewhere")
    }
  }

  /// Has the VM paused before its device stops; nil if it may stop.
  func pause(
    _ monitor: QMPClient?, _ controls: [Int: ControlClient]
  ) -> CaptureRefusal? {
    guard let monitor else { return paused ? nil : Self.refusal(of: controls) }
    do throws(QMPError) {
      try monitor.pause()
      guard try !monitor.isRunning() else {
        throw .unsuitable("QEMU did not pause the VM")
      }
      return nil
    } catch {
      return .vm(device: controls.values.first?.device.name ?? "", "\(qmp ?? "QEMU"): \(error)")
    }
  }

  /// A client that has the device's registers mapped cannot be held back while it is stopped.
  private static func refusal(of controls: [Int: ControlClient]) -> CaptureRefusal? {
    for control in controls.values {
      let name = control.device.name
      do throws(DeviceError) {
        let status = try control.status()
        guard status.mapsRegisters else { continue }
        return .vm(
          device: name,
          "its client can reach the device's registers without a message, which nobody may while it is "
            + "stopped; pause the VM (--qmp, or --paused if it is), or serve with --no-map")
      } catch {
        return .vm(device: name, "\(error)")
      }
    }
    return nil
  }
}
