import ByteIO
import QEMUStream
import StreamIO

/// A copy of a QEMU stream in which one device stands replaced.
struct QEMUStreamCopy {
  private let migration: QEMUMigration
  private let device: VFIODeviceSummary
  private var replacement: QEMUReplacement
  private let state: ReplacementSource.State
  /// Up to where the stream was copied or replaced.
  private var position: UInt64 = 0
  /// The size of the device's FULL section, which the description says too.
  private var fullByteCount: UInt64?
  private var changesFullByteCount = false

  init(
    _ migration: QEMUMigration, replacing device: VFIODeviceSummary,
    by replacement: QEMUReplacement,
    state: ReplacementSource.State
  ) {
    self.migration = migration
    self.device = device
    self.replacement = replacement
    self.state = state
  }

  mutating func write(to output: borrowing OutputFile) throws {
    var reader = migration.reader()
    let progress = Progress("copied", total: migration.main.byteCount)
    do {
      while let event = try reader.next() {
        switch event {
        case .section(let section) where section.id == device.sectionID:
          try copy(upTo: section.bodyOffset, to: output)
          let byteCount = try replacement.writeSection(
            to: { try output.write($0) },
            copyState: { try state.copy($0) { try output.write($0) } })
          if section.kind == .full { fullByteCount = byteCount }
        case .sectionEnd(let end) where end.section.id == device.sectionID:
          position = end.section.bodyOffset + end.byteCount
          if end.section.kind == .full { changesFullByteCount = end.byteCount != fullByteCount }
        case .description(let description): try write(description, to: output)
        default: break
        }
        progress.update(position)
      }
    } catch let error as QEMUReadError<StreamIOError> {
      switch error {
      case .stream(let cause): throw CommandError(cause, in: migration.main.path)
      case .source(let cause): throw cause
      }
    }
    if changesFullByteCount, let byteCount = reader.unusedDescriptionByteCount {
      throw CommandError.no(
        "\(migration.main.path): expected a description of at most "
          + "\(VMDescription.longestByteCount) bytes, in which the size of the device's section "
          + "can be changed, found \(byteCount)")
    }
    try copy(upTo: migration.main.byteCount ?? position, to: output)
  }

  private mutating func copy(upTo end: UInt64, to output: borrowing OutputFile) throws {
    guard end > position else { return }
    try migration.main.copy(position..<end, to: output)
    position = end
  }

  private mutating func write(
    _ description: VMDescription, to output: borrowing OutputFile
  ) throws {
    guard let fullByteCount else { return }
    try copy(upTo: description.sectionOffset, to: output)
    let json = try migration.main.bytes(at: description.offset, count: description.byteCount)
    let changed: [UInt8]
    do throws(QEMUStreamError) {
      changed = try description.resizing(
        device.id, instance: device.instance, to: fullByteCount, in: json)
    } catch {
      throw CommandError(error, in: migration.main.path)
    }
    var head = ByteWriter()
    head.little(6 as UInt8)
    head.big(UInt32(changed.count))
    try output.write(head.bytes.span.raw, changed.span.raw)
    position = description.offset + UInt64(description.byteCount)
  }
}
