import ArgumentParser
import Inputs
import PCIConfig
import QEMUStream
import Reports
import StreamIO

/// `ferry qemu explain`.
struct QEMUExplain: ReportingCommand {
  // More than a log of one machine has.
  private static let longestLog = 64 << 20

  static let configuration = CommandConfiguration(
    commandName: "explain",
    abstract: "Say what QEMU means by 'Bad config data', and what helps.",
    discussion: """
      LOG is the message itself, a file with one or many of them, such as libvirt's log of a machine, or - for standard \
      input. Says which register it is, what both values mean, why QEMU minds, and the ways out. From 0x40 on, only the \
      device's own list of capabilities says what lies where: give the destination's space with --local. Exits with 1 \
      if there is no such message.

      Example: ferry qemu explain 'get_pci_config_device: Bad config data: i=0x6e read: 0 device: 40 cmask: ff \
      wmask: 0 w1cmask:19'
      """)

  @Argument(help: "The message, or a file with messages.", completion: .file())
  var log: String

  @Option(
    help: ArgumentHelp(
      "The destination's configuration space, as 'ferry pci diff' takes it.", valueName: "space"),
    completion: .deviceOrFile)
  var local: String?

  @Option(
    help: ArgumentHelp("The source's configuration space.", valueName: "space"),
    completion: .deviceOrFile)
  var remote: String?

  @Option(help: ArgumentHelp("Only this device of a dump of several.", valueName: "slot"))
  var slot: String?

  @Flag(help: "Print JSON (schemas/qemu-explain.schema.json).")
  var json = false

  @OptionGroup var trace: TraceOption

  func run() throws {
    let kernel = try trace.kernel()
    let local = try self.local.map { try SpaceInput.device($0, at: slot, in: kernel).space }
    let remote = try self.remote.map { try SpaceInput.device($0, at: slot, in: kernel).space }
    let report = QEMUExplainReport(try messages()) {
      RefusalExplanation($0, local: local, remote: remote)
    }
    try TextOutput.show(report, asJSON: json)
  }

  /// The messages in the argument itself, or in the file that it names.
  private func messages() throws -> QEMULog {
    if QEMULog.hasMessage(log) { return try Self.messages(in: Array(log.utf8), of: "the message") }
    let file = try RecognizedFile(log)
    guard file.kind.isText || file.kind == .empty else { throw file.error(for: .log) }
    // A text of another kind may have messages all the same.
    let isOther = ![.text, .qemuLog, .empty].contains(file.kind)
    let refusal = isOther ? file.error(for: .log) : nil
    let text = try file.file().contents(limit: Self.longestLog)
    do {
      return try Self.messages(in: text, of: log)
    } catch {
      throw refusal ?? error
    }
  }

  private static func messages(in text: [UInt8], of name: String) throws -> QEMULog {
    do throws(QEMULog.Defect) {
      return try QEMULog(text)
    } catch {
      throw CommandError.no(TerminalText.text("\(name): \(error)"))
    }
  }
}
