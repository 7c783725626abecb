import ArgumentParser
import PCIConfig
import QEMUStream
import Reports

/// `ferry pci diff`.
struct PCIDiff: ReportingCommand {
  static let configuration = CommandConfiguration(
    commandName: "diff",
    abstract: "Compare two configuration spaces by capability and field.",
    discussion: """
      With --as-qemu, the first is what a QEMU stream carries and the second is the destination's: what QEMU's load \
      check would say, in its own words, every byte that it would refuse, by capability, and the ways out. Without it, functions of two dumps are \
      paired by their slots. Exits with 0 if the spaces are equal, or accepted, and with 1 if not, or if that cannot be \
      told.

      Example: ferry pci diff before.txt after.txt
      """)

  @Argument(help: "The first space; with --as-qemu, the stream's.", completion: .deviceOrFile)
  var first: String

  @Argument(help: "The second space; with --as-qemu, the destination's.", completion: .deviceOrFile)
  var second: String

  @Option(
    help: ArgumentHelp(
      "Only this device of each dump: its slot, or its number from 0.", valueName: "device"))
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
    if asQEMU {
      return try predict(
        SpaceInput.device(first, at: device, in: kernel),
        SpaceInput.device(second, at: device, in: kernel))
    }
    var dumps: [[DumpedDevice]] = []
    for name in [first, second] {
      try SpaceInput.reportingFailures(in: name) {
        dumps.append(try SpaceInput.read(name, in: kernel).devices(at: device))
      }
    }
    try SpaceInput.reportingFailures(in: "\(first), \(second)") {
      let comparison = try DumpComparison(dumps[0], dumps[1])
      try finish(with: comparison, comparison.failure)
    }
  }

  private func predict(_ stream: DumpedDevice, _ local: DumpedDevice) throws {
    try load.requireBARs(of: local.space, in: second, source: stream.space, in: first)
    let check = QEMULoadCheck(
      stream: stream.space, local: local.space,
      conditions: load.conditions(function, stream: stream, local: local))
    try finish(with: check, check.failure)
  }
}

extension DumpComparison {
  /// What a command ends with that says so; nil if the spaces are equal.
  fileprivate var failure: CommandError? {
    verdict == .equal ? nil : .answer(verdict.rawValue, answer)
  }
}

extension QEMULoadCheck {
  /// What a command ends with that says so; nil if QEMU would load it.
  var failure: CommandError? { isAccepted ? nil : .answer(verdict.rawValue, answer) }
}
