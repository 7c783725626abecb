import ArgumentParser
import Reports
import VirtualPCI

/// `ferry pci freeze`.
struct PCIFreeze: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "freeze",
    abstract: "Make every offset of a profile explicit, and record the digest of its layout.",
    discussion: """
      A frozen profile is refused if an edit or a changed default would show a guest anything else. \
      To freeze it again takes the edit over, with a warning: it should get another name.

      Example: ferry pci freeze draft.yaml -o nvme.yaml
      """)

  @Argument(help: "The profile.", completion: .profile)
  var profile: String

  @Option(
    name: .shortAndLong, help: "Where to write the frozen profile; standard output by default.",
    completion: .file())
  var output = "-"

  func run() throws {
    let text = try ProfileFiles.bytes(profile)
    let (frozen, draft) = try ProfileFiles.naming(profile) { () throws(ProfileError) in
      (try Profile.freeze(text), try Profile(parsing: text))
    }
    try ProfileFiles.write([UInt8](frozen.utf8), to: output)
    if let digest = draft.outdatedDigest {
      StandardError.print(
        "ferry: \(TerminalText.text(profile)): warning: it was frozen with the digest \(digest) and shows a "
          + "guest something else now; '\(TerminalText.text(draft.name))' should become another name"
      )
    }
  }
}
