import ArgumentParser
import DeviceServer
import Devices
import Migration
import MigrationStream
import StateTranslation
import StreamIO
import VirtualPCI

/// What whoever takes devices out of their VM may choose, alike on all commands that do.
struct CaptureChoices: ParsableArguments {
  @Option(
    name: .customLong("pasid"), parsing: .singleValue,
    help: ArgumentHelp(
      "A device's PASID bindings (YAML, schemas/pasid-table.schema.json); the nth file is the nth device's.",
      valueName: "file"), completion: .file())
  var pasidFiles: [String] = []

  @Option(
    name: .customLong("profile"), parsing: .singleValue,
    help: ArgumentHelp(
      "The vPCI profile that a device's guest was shown; the nth is the nth device's.",
      valueName: "profile"), completion: .profile)
  var profiles: [String] = []

  @Flag(name: .customLong("no-precopy"), help: "Read nothing while the devices run.")
  var noPreCopy = false

  @Flag(
    name: .customLong("without-p2p"),
    help: "Capture several devices though not all of their drivers have P2P.")
  var withoutP2P = false

  @Option(help: ArgumentHelp("The time that the devices may be stopped.", valueName: "time"))
  var downtimeLimit = DurationOption(.milliseconds(300))

  @Option(help: ArgumentHelp("The most rounds before they are stopped anyway.", valueName: "n"))
  var maxIterations = 30

  @Option(
    help: ArgumentHelp("The most time before they are stopped anyway.", valueName: "time"))
  var maxTime = DurationOption(.seconds(3600))

  @Option(
    help: ArgumentHelp("The most bytes a second to read while they run.", valueName: "size"))
  var bandwidth: ByteSize?

  @OptionGroup var pause: PauseOptions

  func validate() throws {
    guard maxIterations >= 1 else {
      throw ValidationError("Expected --max-iterations of 1 or more, found \(maxIterations).")
    }
    guard bandwidth?.byteCount != 0 else {
      throw ValidationError("Expected a --bandwidth above 0.")
    }
  }

  /// Refuses more files than there are devices.
  func validate(deviceCount: Int) throws {
    guard pasidFiles.count <= deviceCount else {
      throw ValidationError("Expected at most one --pasid for each device.")
    }
    guard profiles.count <= deviceCount else {
      throw ValidationError("Expected at most one --profile for each device.")
    }
  }

  var options: CaptureOptions {
    var options = CaptureOptions()
    // While the VM is paused there is nothing to gain from it.
    options.usesPreCopy = !noPreCopy && !pause.isAsked
    options.downtimeLimit = downtimeLimit.duration
    options.iterationLimit = maxIterations
    options.preCopyTimeLimit = maxTime.duration
    options.bandwidth = bandwidth?.byteCount
    options.allowsMissingP2P = withoutP2P
    return options
  }

  /// The devices with what the files say of them; says which of them were reset by being opened.
  func sources(_ open: OpenDevices) throws -> [CaptureSource] {
    for device in open.devices where device.isResetWhenClosed {
      StandardError.print(
        "ferry: \(device.name): its driver reset it when this command opened it, so that is what is captured; a "
          + "VMM's own device is named fd:")
    }
    var sources = open.devices.map { CaptureSource($0) }
    for (index, path) in pasidFiles.enumerated() {
      sources[index].pasids = try PASIDTable(file: path)
    }
    for (index, path) in profiles.enumerated() {
      sources[index].profile = try ProfileFiles.layout(path)
    }
    return sources
  }

  /// Makes sure that what is served can be captured as asked.
  func check(_ open: OpenDevices) throws {
    try pause.check(open.controls)
    for control in open.controls.values {
      try control.requireCapturable(vmIsPaused: pause.isAsked)
    }
  }

  /// Adds what servers say of their guests, whose VM is paused if it is to be.
  func addGuests(to sources: inout [CaptureSource], _ open: OpenDevices) throws {
    do throws(ControlRefusal) {
      for (index, control) in open.controls {
        try control.complete(&sources[index], vmIsPaused: pause.isAsked)
      }
    } catch {
      throw CommandError.signalOr(error)
    }
  }
}
