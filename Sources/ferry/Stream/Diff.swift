import ArgumentParser
import Inputs
import Reports
import StateLayout
import StreamIO

/// `ferry diff`: where two streams, or two states, mean different things.
struct Diff: ReportingCommand {
  static let configuration = CommandConfiguration(
    abstract: "Compare what two streams mean, or two states.",
    discussion: """
      Compares identities, configuration spaces, interrupts, PASID bindings and domains, optional \
      records and state, device by device. How the streams are coded (compression, chunks, time, \
      UUID) does not count, nor how state was divided into rounds unless --phases says so. Two \
      files of device state, or devices of streams (F.dms#0), are compared as states.

      State is compared field by field where content and driver tell its layout, else by bytes. \
      Exit code 0 if both mean the same, 1 if not, 3 if one is damaged.

      Examples:
        ferry diff before.dms after.dms
        ferry diff before.dms#0 after.dms#0 --stat
      """)

  @Argument(help: "A stream, or state.", completion: .file())
  var left: String

  @Argument(help: "Another of the same kind.", completion: .file())
  var right: String

  @Flag(help: "Compare how state was divided into pre-copy, its rounds and stop-copy, too.")
  var phases = false

  @Flag(help: "Print how many fields of each name differ, and not their values.")
  var stat = false

  @Option(
    help: "The layout of all state: a name of ferry layout list, or a .ksy file.",
    completion: .layout)
  var layout: String?

  @OptionGroup var reading: ReadingOptions

  @Flag(help: "Print JSON (schemas/diff.schema.json).")
  var json = false

  func validate() throws {
    if left == "-" && right == "-" {
      throw ValidationError("Expected '-' (standard input) at most once.")
    }
  }

  func run() throws {
    let layout = try layout.map { try LayoutFiles.layout($0) }
    switch try ComparedInputs(left, right, isAnyKind: layout != nil) {
    case .streams(let file, let other): try compare(file, other, layout)
    case .states(let state, let other): try compare(state, other, layout)
    }
  }

  private func compare(
    _ file: consuming InputFile, _ other: consuming InputFile, _ layout: Layout?
  ) throws {
    let copy = try file.duplicate()
    let otherCopy = try other.duplicate()
    let comparison = StreamComparison(
      try StreamArchive(file, limits: reading.limits),
      try StreamArchive(other, limits: reading.limits), threads: reading.threadCount)
    let progress = Progress("compared", total: nil)
    let differences = try comparison.differences(phases: phases) { progress.update($0) }
    var fields: [UInt16?: StateFields] = [:]
    let devices = differences.filter { $0.subject == .state }.compactMap(\.device)
    if !devices.isEmpty {
      let states = try StreamFields(
        StreamArchive(copy, limits: reading.limits),
        StreamArchive(otherCopy, limits: reading.limits), layout: layout)
      for device in devices { fields[device] = try states.fields(of: device) }
    }
    try finish(differences, fields, "streams")
  }

  private func compare(_ state: StateInput, _ other: StateInput, _ layout: Layout?) throws {
    let progress = Progress("compared", total: nil)
    let difference = try state.difference(from: other) { progress.update($0) }
    let fields = try difference.map { _ in
      try StateFields(
        state.source, other.source, drivers: (state.driver, other.driver), layout: layout)
    }
    try finish([difference].compactMap(\.self), fields.map { [nil: $0] } ?? [:], "states")
  }

  private func finish(
    _ differences: [StreamDifference], _ fields: [UInt16?: StateFields], _ nouns: String
  ) throws {
    try finish(
      with: DiffReport(differences, fields: fields, isStatistic: stat),
      differences.isEmpty
        ? nil : .answer("different", "\(left), \(right): the \(nouns) mean different things"))
  }
}
