import ArgumentParser

/// The root of the command.
struct Ferry: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "ferry",
    abstract: "Carry, check and look into the state of PCI functions that are passed through.",
    discussion: """
      A .dms stream holds what a passed-through function needs to go on elsewhere: the state that \
      its VFIO driver handed out, its configuration space, and its PASID bindings.

      '-' is standard input or output wherever a file is named. With --json a failure too is a \
      document, with what became of each device (schemas/failure.schema.json).

      Exit codes: 0 done; 1 the answer is no; 2 usage; 3 a torn or damaged input; 4 a device that \
      failed; 5 other input or output; 6 a device has lost its state; 7 a device was not brought \
      back; 8 in doubt who runs a device; 128+N ended by signal N, and every device runs as before. \
      If several apply, 7 and then 6 win.

      Example: ferry demo
      """,
    version: VersionText.text,
    groupedSubcommands: [
      CommandGroup(
        name: "Streams",
        subcommands: [
          Pack.self, Inspect.self, Verify.self, Extract.self, Merge.self, Diff.self, Replace.self,
        ]),
      CommandGroup(
        name: "Devices",
        subcommands: [
          CaptureCommand.self, ReplayCommand.self, SendCommand.self, ReceiveCommand.self,
          DevicesCommand.self, ConformanceCommand.self,
          ServeCommand.self, ServedCommand.self, TraceCommand.self,
        ]),
      CommandGroup(
        name: "Device state",
        subcommands: [
          Dissect.self, EditCommand.self, LayoutCommand.self, TranslateCommand.self,
          FactsCommand.self, MatrixCommand.self,
        ]),
      CommandGroup(name: "Configuration space", subcommands: [PCICommand.self]),
      CommandGroup(name: "Streams of VMMs", subcommands: [QEMUCommand.self]),
      CommandGroup(name: "Introduction", subcommands: [Demo.self]),
    ])
}
