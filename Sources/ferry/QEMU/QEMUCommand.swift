import ArgumentParser

/// `ferry qemu`: the migration streams of QEMU.
struct QEMUCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "qemu",
    abstract:
      "Look into QEMU's migration streams, and take VFIO devices out, put them back, pass them on.",
    subcommands: [
      QEMUInspect.self, QEMUExtract.self, QEMUReplace.self, QEMUCheck.self, QEMUExplain.self,
      QEMURelayCommand.self,
    ])
}
