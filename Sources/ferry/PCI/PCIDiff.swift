import ArgumentParser
import PCIConfig
import QEMUStream
import Reports

/// `ferry pci diff`.
struct PCIDiff: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "diff",
    abstract: "Compare two configuration spaces by capability and field.",
    discussion: """
      With --as-qemu, the first is what a QEMU stream carries and the second is the destination's: what QEMU's load \
      check would say, in its own words, every byte that it would refuse, by capability, and the ways out. Exits with 0 \
      if the spaces are equal, or accepted, and with 1 if not, or if that cannot be told.

      Example: ferry pci diff before.txt after.txt
      """)

  @Argument(help: "The first space; with --as-qemu, the stream's.")
  var first: String

  @Argument(help: "The second space; with --as-qemu, the destination's.")
  var second: String

  @Option(
    help: ArgumentHelp("Only this device of each dump.", valueName: "slot"))
  var device: String?

  @Flag(name: .customLong("as-qemu"), help: "Predict QEMU's load check.")
  var asQEMU = false

  @Option(
    help: ArgumentHelp(
      "Whether the function is a host's, or QEMU's own; its ids tell by default.",
      valueName: "vfio-pci|emulated"))
  var function: QEMUFunction?

  @Flag(help: "Print JSON.")
  var json = false

  @OptionGroup var load: LoadOptions
  @OptionGroup var trace: TraceOption

  func validate() throws {
    if !load.isEmpty || function != nil, !asQEMU {
      throw ValidationError(
        "--function, --machine, --qemu, --bar and --source-bar need --as-qemu")
    }
  }

  func run() throws {
    let kernel = try trace.kernel()
    let a = try SpaceInput.space(first, at: device, in: kernel)
    let b = try SpaceInput.space(second, at: device, in: kernel)
    if asQEMU { return try predict(a, b) }
    let comparison = ConfigSpaceComparison(a, b)
    try TextOutput.show(comparison, asJSON: json)
    if !comparison.areEqual { throw CommandError.no() }
  }

  private func predict(_ stream: ConfigSpace, _ local: ConfigSpace) throws {
    let check = QEMULoadCheck(
      stream: stream, local: local, conditions: load.conditions(function))
    try TextOutput.show(check, asJSON: json)
    if !check.isAccepted { throw CommandError.no() }
  }
}
