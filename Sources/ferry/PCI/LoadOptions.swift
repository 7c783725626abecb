import ArgumentParser
import PCIConfig
import QEMUStream

/// What a user knows of a load besides the two spaces.
struct LoadOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "The version of the destination's machine; that of the stream, or the newest, by default.",
      valueName: "major.minor"))
  var machine: QEMUMachineVersion?

  @Option(
    name: .customLong("qemu"),
    help: ArgumentHelp(
      "The version of the destination's QEMU, where versions compare differently.",
      valueName: "major.minor"))
  var release: QEMUMachineVersion?

  @Option(
    name: .customLong("bar"),
    help: ArgumentHelp(
      "The size of a BAR of the destination's device, such as 0=16KiB, if SPACE does not say it.",
      valueName: "n=size"))
  var bars: [BARSize] = []

  @Option(
    name: .customLong("source-bar"),
    help: ArgumentHelp("The size of a BAR of the source's device.", valueName: "n=size"))
  var sourceBARs: [BARSize] = []

  func validate() throws {
    try bars.validate("--bar")
    try sourceBARs.validate("--source-bar")
  }

  /// Whether one of the options was given.
  var isEmpty: Bool { machine == nil && release == nil && bars.isEmpty && sourceBARs.isEmpty }

  /// Refuses sizes of BARs that the destination's function, or the stream's, has not; `local` and
  /// `source` name the spaces.
  func requireBARs(
    of device: ConfigSpace, in local: String, source space: ConfigSpace?, in source: String
  ) throws {
    let sides: [(ConfigSpace?, String, [BARSize])] = [
      (device, local, bars), (space, source, sourceBARs),
    ]
    for case (let space?, let name, let sizes) in sides where !sizes.isEmpty {
      try SpaceInput.reportingFailures(in: name) {
        try space.requireBARs(sizes.map(\.index), besides: EmptyCollection())
      }
    }
  }

  /// The same for the library, with the sizes of BARs that came with the spaces, if the user says
  /// no others. `function` is how the function comes into the machine, if that is known.
  func conditions(
    _ function: QEMUFunction?, stream: DumpedDevice? = nil, local: DumpedDevice
  ) -> QEMULoadConditions {
    var conditions = QEMULoadConditions()
    conditions.function = function
    conditions.machine = machine
    conditions.release = release
    conditions.address = local.address
    conditions.sourceAddress = stream?.address
    conditions.barSizes = local.barSizes.merging(bars.byteCounts) { $1 }
    conditions.sourceBARSizes = (stream?.barSizes ?? [:]).merging(sourceBARs.byteCounts) { $1 }
    return conditions
  }
}
