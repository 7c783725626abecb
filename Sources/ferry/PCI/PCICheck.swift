import ArgumentParser
import Devices
import Migration
import Reports
import VirtualPCI

/// `ferry pci check`.
struct PCICheck: ReportingCommand {
  static let configuration = CommandConfiguration(
    commandName: "check",
    abstract: "Say whether a device can carry a profile, with every reason why not.",
    discussion: """
      Exits with 0 if it can, with 1 if it cannot, or if the dump lacks bytes that decide.

      Example: ferry pci check nvme.yaml drive.txt --iommu pasid-width=20
      """)

  @Argument(help: "The profile.", completion: .profile)
  var profile: String

  @Argument(help: "The device's dump, or a device.", completion: .deviceOrFile)
  var dump: String

  @Option(
    help: ArgumentHelp(
      "What iommufd reports of the IOMMU; the kernel hides PASID from VFIO's dumps.",
      valueName: "pasid-width=n[,execute][,privileged]"))
  var iommu: String?

  @Flag(help: "Print JSON.")
  var json = false

  @OptionGroup var host: HostOptions

  func validate() throws {
    if let iommu, IOMMUFacts(iommu) == nil {
      throw ValidationError(
        "--iommu: expected pasid-width=N[,execute][,privileged] with N from 0 to 20, found '\(iommu)'"
      )
    }
  }

  func run() throws {
    let layout = try ProfileFiles.layout(profile)
    let report = try report(of: layout, iommu: iommu.flatMap { IOMMUFacts($0) })
    try finish(
      with: report,
      report.canCarry
        ? nil
        : .answer(report.verdict == .cannot ? "incompatible" : "unknown", report.answer))
  }

  /// A device at hand is asked for the sizes of its BARs and what its IOMMU can do.
  private func report(of layout: ProfileLayout, iommu: IOMMUFacts?) throws -> CheckReport {
    guard let device = try OpenDevices.one(named: dump, in: host.trace.kernel()) else {
      return layout.check(try host.function(in: dump), iommu: iommu)
    }
    if let option = host.given.first {
      throw CommandError.usage("\(dump): expected a dump with \(option), found a device")
    }
    return try device.check(layout, iommu: iommu)
  }
}
