import ArgumentParser
import ByteIO
import DeviceServer

/// What becomes of the VM that has a device which is served: `--qmp`, `--qdev`, `--paused`.
struct PauseOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "QEMU's monitor socket (-qmp unix:…); for devices that are served (serve:PATH).",
      valueName: "socket"), completion: .file())
  var qmp: String?

  @Option(
    name: .customLong("qdev"), parsing: .singleValue,
    help: ArgumentHelp(
      "The id of a device in QEMU, if its PCI ids do not name it; the nth is the nth served device's.",
      valueName: "id"))
  var qdevs: [String] = []

  @Flag(help: "The VM that has the device is paused: the operator's word.")
  var paused = false

  func validate() throws {
    guard qmp == nil || !paused else {
      throw ValidationError("--qmp and --paused exclude each other: QEMU is asked, or not.")
    }
    guard qdevs.isEmpty || qmp != nil else { throw ValidationError("--qdev goes with --qmp.") }
    guard Set(qdevs).count == qdevs.count else {
      throw ValidationError("Expected different ids for each --qdev.")
    }
  }

  /// Whether the VM does not run while the device is stopped.
  var isAsked: Bool { qmp != nil || paused }

  /// The devices as their VM has them, in the order of the command line.
  func devices(_ controls: [Int: ControlClient]) throws -> [PausedVM.Device] {
    var devices: [PausedVM.Device] = []
    do throws(ControlRefusal) {
      for (_, control) in controls.sorted(by: { $0.key < $1.key }) {
        var device = try control.deviceOfVM()
        if qdevs.indices.contains(devices.count) { device.identifier = qdevs[devices.count] }
        devices.append(device)
      }
    } catch {
      throw CommandError.signalOr(error)
    }
    return devices
  }

  /// Refuses options that fit none of the devices, and devices whose clients could reach them while
  /// they are stopped.
  func check(_ controls: [Int: ControlClient]) throws {
    guard !controls.isEmpty || !isAsked else {
      throw CommandError.usage("--qmp and --paused go with a device that is served (serve:PATH)")
    }
    guard qdevs.isEmpty || qdevs.count == controls.count else {
      throw CommandError.usage(
        "expected one --qdev for each of \(controls.count) devices that are served, found "
          + "\(qdevs.count)")
    }
    guard !isAsked else { return }
    for control in controls.values { try control.requireHeldClient() }
  }
}

extension PausedVM {
  /// The VM that the options name, which has the devices that are served; nil if they name none.
  init?(_ options: PauseOptions, _ controls: [Int: ControlClient]) throws {
    guard let path = options.qmp else { return nil }
    let devices = try options.devices(controls)
    do throws(QMPError) {
      try self.init(path: path, devices: devices)
    } catch {
      throw CommandError(error, path)
    }
  }

  /// Pauses the VM that the options name.
  mutating func pause(_ options: PauseOptions) throws {
    do throws(QMPError) {
      try pause()
    } catch {
      throw CommandError(error, options.qmp ?? "QEMU")
    }
  }

  /// Lets the VM run on as it did; a failure is said, for the work is over.
  func runOn(_ options: PauseOptions) {
    do throws(QMPError) {
      try runOn()
    } catch {
      StandardError.print("ferry: \(options.qmp ?? "QEMU"): the VM stays paused: \(error)")
    }
  }
}
