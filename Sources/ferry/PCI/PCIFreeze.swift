import ArgumentParser
import VirtualPCI

/// `ferry pci freeze`.
struct PCIFreeze: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "freeze",
    abstract: "Make every offset of a profile explicit, and record the digest of its layout.",
    discussion: """
      A frozen profile is refused if an edit or a changed default would show a guest anything else.

      Example: ferry pci freeze draft.yaml -o nvme.yaml
      """)

  @Argument(help: "The profile.")
  var profile: String

  @Option(
    name: .shortAndLong, help: "Where to write the frozen profile; standard output by default.")
  var output = "-"

  func run() throws {
    let text = try ProfileFiles.bytes(profile)
    let frozen = try ProfileFiles.naming(profile) { () throws(ProfileError) in
      try Profile.freeze(text)
    }
    try ProfileFiles.write([UInt8](frozen.utf8), to: output)
  }
}
