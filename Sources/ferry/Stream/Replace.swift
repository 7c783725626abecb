import ArgumentParser
import Inputs
import Reports
import StateTranslation
import StreamIO

/// `ferry replace`: another state in a Cloud Hypervisor snapshot.
struct Replace: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Put a device's state into a Cloud Hypervisor snapshot in place of what it has.",
    discussion: """
      STATE is the snapshot's state.json, or its folder; OUT is the new state.json, in which all else is the same byte \
      for byte. IN is a .dms stream of one device, or IN.dms#DEVICE.

      A snapshot does not say what a device is: the layouts of both states decide, and that of the new one must find it \
      sound. What is not known is listed as not checked. ferry qemu replace does the same in QEMU's streams.

      Example: ferry replace state.json --device _vfio0 --with translated.dms -o new.json
      """)

  @Argument(
    help: ArgumentHelp("The snapshot's state.json, or its folder.", valueName: "state"),
    completion: .file())
  var file: String

  @Option(help: ArgumentHelp("The device, by id or number.", valueName: "device"))
  var device: DeviceSelector

  @Option(
    name: .customLong("with"), help: ArgumentHelp("What to put there.", valueName: "in.dms"),
    completion: .file())
  var replacement: String

  @OptionGroup var allowing: ReplacementOptions

  @Option(
    name: .shortAndLong, help: ArgumentHelp("The new state.json.", valueName: "out"),
    completion: .file())
  var output: String

  func run() throws {
    let snapshot = try CloudHypervisorSnapshot(file)
    let own = try snapshot.device(device)
    let copy = try CloudHypervisorReplacement(of: own, in: snapshot)
    var source = try ReplacementInput(replacement)
    let state = try snapshot.state(of: own)
    // What cannot be read tells nothing of its device.
    if !allowing.allowOtherDevice { try state.verify() }
    let there = ReplacementCheck.Side(state: state)
    let check = try ReplacementCheck(of: source.side, inPlaceOf: there)
    try allowing.hold(
      check, of: source.path, against: "device '\(own.id)' of \(snapshot.path)")
    var sink = try OutputFile(path: output)
    let progress = Progress(
      "replaced", total: source.preCopyByteCount + source.stopCopyByteCount)
    try copy.write(&source.state, to: &sink) { progress.update($0) }
    allowing.list(SnapshotReport.notStored + check.uncheckedOfState)
  }
}
