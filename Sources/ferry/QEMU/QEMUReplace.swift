import ArgumentParser
import Inputs
import MigrationStream
import QEMUStream
import Reports
import StateLayout
import StateTranslation
import StreamIO

/// `ferry qemu replace`.
struct QEMUReplace: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "replace",
    abstract: "Put a device's state and configuration into a QEMU stream in place of what it has.",
    discussion: """
      Everything else stays byte for byte; sizes, footers and the stream's own description are kept right. The \
      configuration record gets the space that the guest was shown and the interrupts, where IN has them, and stays as \
      it is where not. A device that is replaced by its own extract gives the same file. State of another driver, other \
      ids or another layout than what is there, and state that its layout finds unsound, is refused with exit code 1 \
      unless an option allows it.

      F may be a libvirt save image, which is written back with its head and in its compression; with --offset \
      what stands before the stream is written back too.

      IN is a .dms stream of one device, or IN.dms#DEVICE.

      Example: ferry qemu replace vm.qemu --device 0 --with translated.dms -o new.qemu
      """)

  @Argument(help: ArgumentHelp("The stream.", valueName: "f"), completion: .file())
  var file: String

  @OptionGroup var place: OffsetOption

  @Option(
    help: ArgumentHelp(
      "The device: its id, or its number among the VFIO devices.", valueName: "device"))
  var device: DeviceSelector

  @Option(
    name: .customLong("with"), help: ArgumentHelp("What to put there.", valueName: "in.dms"),
    completion: .file())
  var replacement: String

  @OptionGroup var allowing: ReplacementOptions

  @Option(
    name: .shortAndLong, help: ArgumentHelp("The new stream.", valueName: "out"),
    completion: .file())
  var output: String

  func run() throws {
    let input = try place.inputs([file], isReadTwice: true)[0]
    let migration = try QEMUMigration([input])
    let path = migration.main.name
    // Which device is meant is known only when all were seen.
    let content = try migration.content(framingOf: { device.mayMean($0, named: $1) })
    let number = try content.numbers(of: device, in: path)[0]
    if let defect = content.defect { throw CommandError(defect.error, in: defect.path) }
    let own = try CommandError.naming(path) { () throws(QEMUStreamError) in
      try ReplaceableDevice(content.catalog.vfioDevices[number])
    }
    var source = try ReplacementInput(replacement)
    let check = try ReplacementCheck(of: source.side, inPlaceOf: Self.side(own))
    try allowing.hold(check, of: source.path, against: "\(own.summary.id) of \(path)")
    let carried = source.device
    let (preCopy, stopCopy) = (source.preCopyByteCount, source.stopCopyByteCount)
    let framing = try CommandError.naming(path) { () throws(QEMUStreamError) in
      try own.framing(preCopy: preCopy, stopCopy: stopCopy, carried: carried.framing)
    }
    let offsets = source.recordOffsets
    let configuration = try CommandError.naming(source.path) { () throws(QEMUStreamError) in
      try own.configuration.replacing(
        carried.introduction.configuration, carried.introduction.interrupts, recordedAt: offsets)
    }
    let rewriter = QEMURewriter(
      migration.main.reader(), startingAt: migration.main.startOffset,
      description: migration.description,
      replacing: QEMUReplacement(of: own, framing: framing, configuration: configuration),
      into: try QEMUOutput(output, like: input))
    let progress = Progress("copied", total: migration.main.byteCount)
    do throws(QEMUTransferError<StreamIOError, StreamIOError>) {
      try rewriter.rewrite(state: &source.state, progress: { progress.update($0) })
    } catch {
      throw CommandError.cause(of: error, in: path)
    }
    allowing.list(check.uncheckedOfState)
  }

  /// What is known of the device that is replaced.
  private static func side(_ own: ReplaceableDevice) -> ReplacementCheck.Side<StateBytes> {
    ReplacementCheck.Side(
      ids: own.configuration.pciIdentity, prefix: own.summary.statePrefix,
      byteCount: own.summary.stateByteCount)
  }
}
