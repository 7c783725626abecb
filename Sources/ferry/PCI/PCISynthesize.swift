import ArgumentParser
import ByteIO
import PCIConfig
import Reports
import StreamIO
import VirtualPCI

/// `ferry pci synthesize`.
struct PCISynthesize: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "synthesize",
    abstract: "Write the bytes that a guest sees at reset, and the map of who serves them.",
    discussion: """
      The bytes are the profile's alone. With --on the device is checked first, and the map says where it has the \
      registers that are passed through. Without --iommu, any IOMMU is taken to support what the device does.

      Examples:
        ferry pci synthesize nvme.yaml --on drive.txt -o space.bin --map map.json
        ferry pci synthesize nvme.yaml --format lspci -o - | lspci -F /dev/stdin -vv
      """)

  @Argument(help: "The profile.", completion: .profile)
  var profile: String

  @Option(
    help: ArgumentHelp("The dump of the device that serves the profile.", valueName: "dump"),
    completion: .deviceOrFile)
  var on: String?

  @Option(
    name: .shortAndLong, help: "Where to write the bytes; - is standard output.",
    completion: .file())
  var output: String

  @Option(help: "The bytes as they are, or as lspci -xxxx prints them, which lspci -F reads.")
  var format = Format.bytes

  enum Format: String, ExpressibleByArgument, CaseIterable {
    case bytes, lspci
  }

  @Option(
    help: ArgumentHelp("Where to write the access map, as JSON.", valueName: "map.json"),
    completion: .file())
  var map: String?

  @Option(
    help: ArgumentHelp(
      "What iommufd reports of the IOMMU, as for check.",
      valueName: "pasid-width=n[,execute][,privileged]"))
  var iommu: String?

  @OptionGroup var host: HostOptions

  func validate() throws {
    if let iommu, IOMMUFacts(iommu) == nil {
      throw ValidationError("--iommu: expected pasid-width=N[,execute][,privileged]")
    }
  }

  func run() throws {
    try Outputs.requireDistinct([("-o", output), ("--map", map), ("--trace", host.trace.path)])
    let layout = try ProfileFiles.layout(profile)
    let function = try on.map { try host.function(in: $0) }
    if let function {
      // Nothing said of the IOMMU leaves PASID to what the device's own capability says.
      let facts =
        iommu.flatMap { IOMMUFacts($0) }
        ?? IOMMUFacts(pasidWidth: 20, allowsExecute: true, allowsPrivileged: true)
      let report = layout.check(function, iommu: facts)
      guard report.canCarry else {
        throw CommandError.no(
          "\(report.device) \(report.verdict == .cannot ? "cannot" : "may not be able to") carry "
            + "\(report.profile):\n  "
            + report.objections.map(\.description).joined(separator: "\n  "))
      }
      for warning in report.warnings where warning.field.hasPrefix("capability list") {
        StandardError.print("ferry: warning: \(TerminalText.text("\(report.device): \(warning)"))")
      }
    }
    var bytes = try ProfileFiles.file(
      format == .bytes ? layout.synthesized : lspciText(layout, at: function?.address), for: output)
    if let map {
      let text = AccessMap(layout, on: function).json.text + "\n"
      try ProfileFiles.write([UInt8](text.utf8), to: map)
    }
    try bytes.finish()
  }

  private func lspciText(_ layout: ProfileLayout, at address: PCIAddress?) -> [UInt8] {
    let title = "Profile \(layout.profile.name)"
    return [UInt8](
      ConfigSpaceDump.lspciText(layout.synthesized, at: address, title: title).utf8)
  }
}
