import ByteIO
import StreamIO

/// The names of the snapshots inside a qcow2 image, as its table of snapshots has them
/// (QEMU, docs/interop/qcow2.rst).
struct QCOW2Snapshots {
  /// The number that the header gives.
  let count: UInt32
  /// The first of them.
  private(set) var names: [String] = []

  // As many as a message can name.
  private static let namedCount: UInt32 = 8
  private static let headerByteCount = 72
  private static let entryByteCount = 40

  /// Reads as much of the table as is named.
  init(of file: borrowing InputFile) throws(StreamIOError) {
    var buffer = ByteBuffer()
    try file.read(into: &buffer, at: 0, count: Self.headerByteCount)
    guard buffer.count == Self.headerByteCount else {
      throw StreamIOError(file.name, .content("expected the header of a qcow2 image"))
    }
    count = buffer.bytes.little(UInt32.self, at: 60).byteSwapped
    var offset = buffer.bytes.little(UInt64.self, at: 64).byteSwapped
    for _ in 0..<min(count, Self.namedCount) {
      try file.read(into: &buffer, at: offset, count: Self.entryByteCount)
      guard buffer.count == Self.entryByteCount else { return }
      let idByteCount = Int(buffer.bytes.little(UInt16.self, at: 12).byteSwapped)
      let nameByteCount = Int(buffer.bytes.little(UInt16.self, at: 14).byteSwapped)
      let extraByteCount = UInt64(buffer.bytes.little(UInt32.self, at: 36).byteSwapped)
      let nameOffset = UInt64(Self.entryByteCount) + extraByteCount + UInt64(idByteCount)
      let start = offset.addingReportingOverflow(nameOffset)
      guard !start.overflow else { return }
      try file.read(into: &buffer, at: start.partialValue, count: nameByteCount)
      guard buffer.count == nameByteCount else { return }
      names.append(String(decoding: [UInt8](buffer.bytes), as: UTF8.self))
      let length = (nameOffset + UInt64(nameByteCount) + 7) & ~7
      let next = offset.addingReportingOverflow(length)
      guard !next.overflow else { return }
      offset = next.partialValue
    }
  }
}
