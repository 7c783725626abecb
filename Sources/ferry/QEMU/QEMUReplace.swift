import ArgumentParser
import MigrationStream
import QEMUStream
import StreamIO

/// `ferry qemu replace`.
struct QEMUReplace: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "replace",
    abstract: "Put a device's state and configuration into a QEMU stream in place of what it has.",
    discussion: """
      Everything else stays byte for byte; sizes, footers and the stream's own description are kept right. The \
      configuration record gets the space that the guest was shown and the interrupts, where IN has them, and stays as \
      it is where not. A device that is replaced by its own extract gives the same file.

      IN is a .dms stream of one device, or IN.dms#DEVICE.

      Example: ferry qemu replace vm.qemu --device 0 --with translated.dms -o new.qemu
      """)

  @Argument(help: ArgumentHelp("The stream.", valueName: "f"))
  var file: String

  @Option(
    help: ArgumentHelp(
      "The device: its id, or its number among the VFIO devices.", valueName: "device"))
  var device: DeviceSelector

  @Option(name: .customLong("with"), help: ArgumentHelp("What to put there.", valueName: "in.dms"))
  var replacement: String

  @Option(name: .shortAndLong, help: ArgumentHelp("The new stream.", valueName: "out"))
  var output: String

  func run() throws {
    let migration = try QEMUMigration([file], isReadTwice: true)
    let own = try OwnFraming(of: device, in: migration)
    let source = try ReplacementSource(replacement)
    let framing: QEMUFraming
    do throws(QEMUStreamError) {
      framing = try .dividing(
        preCopy: source.preCopyByteCount, stopCopy: source.stopCopyByteCount,
        carried: source.framing, own: own.framing, endingAt: own.end)
    } catch {
      throw CommandError(error, in: migration.main.path)
    }
    let configuration: VFIOConfiguration
    do throws(QEMUStreamError) {
      configuration = try own.configuration.replacing(
        source.introduction.configuration, source.introduction.interrupts,
        recordedAt: source.recordOffsets)
    } catch {
      throw CommandError(error, in: source.path)
    }
    var copy = QEMUStreamCopy(
      migration, replacing: own.device,
      by: QEMUReplacement(framing: framing, configuration: configuration), state: source.state)
    var output = try OutputFile(path: output)
    try copy.write(to: output)
    try source.state.finish()
    try output.finish()
  }
}

/// What a stream has of the device that is replaced.
private struct OwnFraming {
  let device: VFIODeviceSummary
  let configuration: VFIOConfiguration
  let framing: QEMUFraming
  /// Where the device's last section ends.
  let end: UInt64

  init(of selector: DeviceSelector, in migration: QEMUMigration) throws {
    // Which device is meant is known only when all were seen.
    let content = try migration.read()
    let path = migration.main.path
    let number = try content.numbers(of: selector, in: path)[0]
    if let defect = content.defect { throw CommandError(defect.error, in: defect.path) }
    let device = content.catalog.vfioDevices[number]
    guard !device.expectsPackets, let configuration = device.configuration else {
      throw CommandError.no(
        "\(path): expected the state and the configuration of \(Printable.text(device.id)) in "
          + "the main channel, found them in no section of it")
    }
    let count = device.recordCounts[.configuration] ?? 0
    guard count == 1 else {
      throw CommandError.no(
        "\(path): expected one configuration record of \(Printable.text(device.id)), "
          + "found \(count)")
    }
    var framing = QEMUFraming()
    var end: UInt64 = 0
    var isOfDevice = false
    _ = try migration.read { event in
      guard framing.bytes.count <= QEMUFraming.longestByteCount else { return }
      switch event {
      case .section(let section):
        isOfDevice = section.id == device.sectionID
        if isOfDevice { framing.append(.section(section.kind)) }
      case .record(let record) where isOfDevice:
        let byteCount = if case .data(let count) = record.content { count } else { 0 as UInt64 }
        framing.append(.record(record.kind, byteCount: byteCount))
      case .sectionEnd(let section) where isOfDevice:
        end = section.section.bodyOffset + section.byteCount
      default: break
      }
    }
    guard framing.bytes.count <= QEMUFraming.longestByteCount else {
      throw CommandError.no("\(path): \(Printable.text(device.id)) has too many records")
    }
    self.device = device
    self.configuration = configuration
    self.framing = framing
    self.end = end
  }
}
