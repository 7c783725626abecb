import ArgumentParser

/// `ferry pci`: configuration spaces and the profiles that fix them.
struct PCICommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "pci",
    abstract: "Look at configuration spaces, and at the profiles that fix them.",
    subcommands: [
      PCIShow.self, PCIDerive.self, PCICheck.self, PCISynthesize.self, PCIExplain.self,
      PCIFreeze.self, PCIDiff.self,
    ])
}
