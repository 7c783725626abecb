import ArgumentParser
import ByteIO
import PCIConfig
import Reports
import VFIO
import VirtualPCI

/// What an operator can say of devices beyond their dumps.
struct HostOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Only this device of each dump: its slot, or its number from 0.", valueName: "device"))
  var device: String?

  @Option(
    help: ArgumentHelp(
      "The dump of the virtual functions' physical function, if it is not in the same file.",
      valueName: "dump"), completion: .deviceOrFile)
  var pf: String?

  @Option(
    help: ArgumentHelp(
      "The ids of a virtual function whose physical function is not at hand.",
      valueName: "vvvv:dddd"))
  var identity: String?

  @Option(
    name: .customLong("bar"),
    help: ArgumentHelp(
      "The size of a BAR, such as 0=16KiB; `lspci -v` says it, and the `resource` beside a `config` in sysfs.",
      valueName: "n=size"))
  var bars: [BARSize] = []

  @OptionGroup var trace: TraceOption

  func validate() throws {
    if let identity, idPair(parsing: identity) == nil {
      throw ValidationError("--identity: expected VVVV:DDDD, found '\(identity)'")
    }
    try bars.validate("--bar")
  }

  var barSizes: [Int: UInt64] { bars.byteCounts }

  /// The options that were given, which say something of a dump.
  var given: [String] {
    (device == nil ? [] : ["--device"]) + (pf == nil ? [] : ["--pf"])
      + (identity == nil ? [] : ["--identity"]) + (bars.isEmpty ? [] : ["--bar"])
  }

  /// The functions of the dump or device `name`; a device of the kernel's is one of `kernel`.
  func functions(in name: String, of kernel: any KernelInterface) throws -> [HostFunction] {
    var facts = HostFunction.Facts(
      identity: identity.flatMap { idPair(parsing: $0) }, barSizes: barSizes)
    if let pf {
      try SpaceInput.reportingFailures(in: pf) {
        facts.physicalFunction = try SpaceInput.read(pf, in: kernel).physicalFunction()
      }
    }
    var functions: [HostFunction] = []
    try SpaceInput.reportingFailures(in: name) {
      functions = try HostFunction.functions(
        in: SpaceInput.read(name, in: kernel), slot: device, name: name, facts: facts)
    }
    return functions
  }

  /// The only function of the dump `name`.
  func function(in name: String) throws -> HostFunction {
    let functions = try functions(in: name, of: trace.kernel())
    guard functions.count == 1 else {
      throw CommandError.no(
        "\(name): expected one device, found \(functions.count): choose one with --device, "
          + "by its number where a slot is there twice"
      ).about(ErrorDetail("no-device", file: name))
    }
    return functions[0]
  }
}
