import ArgumentParser
import ByteIO
import DeviceServer

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

extension PausedVM {
  /// The VM that the options name; nil if they name none.
  init?(_ options: PauseOptions) throws {
    guard let path = options.qmp else { return nil }
    do throws(QMPError) {
      try self.init(path: path)
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
