import ArgumentParser

@main struct Ferry: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "ferry",
    abstract: "Move and inspect the state of PCI functions that are passed through.",
    subcommands: [PCICommand.self])
}
