import ArgumentParser
import ByteIO
import Reports
import VirtualPCI

/// `ferry pci derive`.
struct PCIDerive: ReportingCommand {
  static let configuration = CommandConfiguration(
    commandName: "derive",
    abstract: "Make a profile that every one of some devices can carry.",
    discussion: """
      Capabilities that all devices have are kept, every field at what the least of them supports. \
      Never kept: SR-IOV, ARI, Data Link Feature, Secondary PCI Express, Physical Layer, Lane Margining, Power \
      Budgeting, ACS of ports, VPD, DPC, DOE, Resizable BAR, Enhanced Allocation, what no table describes; the serial \
      number unless --serial gives one; VSEC and DVSEC unless --keep names them.

      Example: ferry pci derive a.txt b.txt --pasid 16 -o nvme.yaml --report
      """)

  @Argument(help: "The devices' dumps: lspci -xxxx text or raw bytes.", completion: .deviceOrFile)
  var dumps: [String]

  @Option(
    name: .shortAndLong, help: "Where to write the profile; - is standard output.",
    completion: .file())
  var output: String

  @Option(help: "The profile's name; the first device's ids otherwise.")
  var name: String?

  @Option(
    help: ArgumentHelp(
      "auto: the width that all devices show; none; or the width to synthesise, 1 to 20.",
      valueName: "auto|none|width"), completion: .list(["auto", "none"]))
  var pasid = "auto"

  @Option(help: ArgumentHelp("The device serial number to show.", valueName: "hex"))
  var serial: String?

  @Option(
    help: ArgumentHelp(
      "Keep a capability that is dropped otherwise: vsec, vsec:0002, dvsec:8086:0003, 0x2e.",
      valueName: "name"))
  var keep: [String] = []

  @Option(
    help: ArgumentHelp("Show these ids instead of the first device's.", valueName: "vvvv:dddd"))
  var ids: String?

  @Option(
    help: ArgumentHelp(
      "Show these subsystem ids instead of the first device's.", valueName: "vvvv:dddd"))
  var subsystem: String?

  @Flag(help: "Print how every difference was settled.")
  var report = false

  @Flag(help: "Print the report as JSON.")
  var json = false

  @OptionGroup var hosts: HostOptions

  func validate() throws {
    guard !dumps.isEmpty else { throw ValidationError("expected at least one dump") }
    if pasidChoice == nil {
      throw ValidationError(
        "--pasid: expected auto, none or a width from 1 to 20, found '\(pasid)'")
    }
    if serial != nil, serialNumber == nil {
      throw ValidationError("--serial: expected up to 16 hexadecimal digits")
    }
    for text in [ids, subsystem] {
      if let text, idPair(parsing: text) == nil {
        throw ValidationError("expected VVVV:DDDD, found '\(text)'")
      }
    }
    if output == "-", report || json {
      throw ValidationError("the report needs standard output: write the profile to a file")
    }
  }

  func run() throws {
    try Outputs.requireDistinct([("-o", output), ("--trace", hosts.trace.path)])
    let kernel = try hosts.trace.kernel()
    let functions = try HostFunction.namedApart(
      dumps.map { ($0, try hosts.functions(in: $0, of: kernel)) })
    var options = DerivationOptions()
    options.name = name
    options.pasid = pasidChoice ?? .auto
    options.serialNumber = serialNumber
    options.kept = Set(keep)
    options.barSizes = hosts.barSizes
    options.ids = ids.flatMap { idPair(parsing: $0) }
    options.subsystem = subsystem.flatMap { idPair(parsing: $0) }
    let derivation: ProfileDerivation
    do throws(DerivationError) {
      derivation = try ProfileDerivation(from: functions, options: options)
    } catch {
      throw CommandError.no(
        "no profile that every device can carry:\n  " + error.reasons.joined(separator: "\n  "))
    }
    try ProfileFiles.write([UInt8](derivation.text.utf8), to: output)
    for warning in derivation.report.warnings {
      StandardError.print("ferry: warning: \(TerminalText.text(warning))")
    }
    if report || json { try TextOutput.show(derivation.report, asJSON: json) }
  }

  private var pasidChoice: DerivationOptions.PASID? {
    switch pasid {
    case "auto": .auto
    case "none": DerivationOptions.PASID.none
    default: Int(pasid).flatMap { (1...20).contains($0) ? .width($0) : nil }
    }
  }

  private var serialNumber: UInt64? {
    serial.flatMap { UInt64($0.filter { $0 != "-" && $0 != ":" }, radix: 16) }
  }
}
