import ArgumentParser
import StateLayout
import StateTranslation

/// `ferry facts`: what a translation goes by.
struct FactsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "facts",
    abstract: "Write down what is known of a device as the target of a translation.",
    discussion: """
      Prints the facts of a device in the YAML that ferry translate --target takes \
      (schemas/device-facts.schema.json). An emulated device knows all of its own; of a device of the \
      kernel driver, PCI ids and interrupt vectors are known, and the rest is for its operator to add.

      Example: ferry facts 'emulated:virtio-net?pairs=8&queue-size=1024' > b.yaml
      """)

  @Argument(help: "The device.", completion: .device)
  var device: String

  @OptionGroup var trace: TraceOption

  func run() throws {
    let devices = try OpenDevices([device], in: trace.kernel()).devices
    let facts = try FactFiles.facts(of: devices[0])
    var output = try TextOutput()
    try output.print(facts.yaml, terminator: "")
    try output.finish()
  }
}
