import ArgumentParser
import Reports
import VirtualPCI

/// `ferry pci explain`.
struct PCIExplain: ReportingCommand {
  static let configuration = CommandConfiguration(
    commandName: "explain",
    abstract: "Print the whole space of a profile, with where each default comes from.",
    discussion: "Example: ferry pci explain nvme.yaml")

  @Argument(help: "The profile.", completion: .profile)
  var profile: String

  @Flag(help: "Print JSON.")
  var json = false

  func run() throws {
    let explanation = ProfileExplanation(try ProfileFiles.layout(profile))
    try TextOutput.show(explanation, asJSON: json)
  }
}
