import ArgumentParser
import Migration
import VirtualPCI

/// What whoever gives devices state may choose, alike on all commands that do.
struct ReplayChoices: ParsableArguments {
  @Option(
    name: .customLong("profile"), parsing: .singleValue,
    help: ArgumentHelp(
      "The vPCI profile that a device's guest is shown, in place of the stream's; the nth is the nth device's.",
      valueName: "profile"), completion: .profile)
  var profiles: [String] = []

  @Flag(
    name: .customLong("without-p2p"),
    help: "Restore several devices though not all of their drivers have P2P.")
  var withoutP2P = false

  @Flag(
    help: """
      Restore state that its layout finds unsound, or that was taken while the guest ran, if the \
      driver takes it.
      """)
  var allowUnsound = false

  @Flag(help: "Restore nothing if something could not be checked (exit code 1).")
  var strict = false

  /// Refuses more profiles than there are devices.
  func validate(deviceCount: Int) throws {
    guard profiles.count <= deviceCount else {
      throw ValidationError("Expected at most one --profile for each device.")
    }
  }

  /// The options of an engine that restores everything.
  var options: ReplayOptions {
    var options = ReplayOptions()
    options.allowsMissingP2P = withoutP2P
    options.allowsUnsoundState = allowUnsound
    options.isStrict = strict
    return options
  }

  /// The opened devices, each as the target of the stream's device with its number, with the
  /// profiles and the servers of their guests' spaces.
  func targets(_ open: OpenDevices, numbers: [UInt16]) throws -> [ReplayTarget] {
    var targets = zip(open.devices, numbers).map { ReplayTarget($0, number: $1) }
    for (index, path) in profiles.enumerated() {
      targets[index].profile = try ProfileFiles.layout(path)
    }
    for (index, control) in open.controls { targets[index].guestSpaceServer = control }
    return targets
  }
}
