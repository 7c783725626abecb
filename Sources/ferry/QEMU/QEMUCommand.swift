import ArgumentParser

/// `ferry qemu`: the migration streams of QEMU.
struct QEMUCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "qemu",
    abstract: "Look into QEMU's migration streams, and take VFIO devices out and put them back.",
    subcommands: [
      QEMUInspect.self, QEMUExtract.self, QEMUReplace.self, QEMUCheck.self, QEMUExplain.self,
    ])
}
