import ByteIO
import Devices

/// The sections of a blob of a QAT function's state
/// (drivers/crypto/intel/qat/qat_common/adf_mstate_mgr.c).
///
/// The kernel bounds payloads by their blob, and headers by nothing. Here a header beyond the
/// buffer ends the walk as a payload beyond the blob does.
struct QATSections: Sendable {
  static let preambleByteCount = 16
  static let headerByteCount = 16
  static let magic: UInt32 = 0xadf5_caea
  static let version: UInt32 = 1

  let buffer: [UInt8]
  private let start: Int
  private let end: Int
  private let count: UInt32

  /// A section that was found.
  struct Section {
    var payload: Range<Int>
    var subsectionCount: UInt32
  }

  /// The length of a blob with its preamble at `offset`, as the preamble says it.
  static func blobByteCount(_ buffer: [UInt8], at offset: Int) -> UInt32 {
    let fields = buffer.span.raw
    return UInt32(fields.little(UInt16.self, at: offset + 8))
      &+ fields.little(UInt32.self, at: offset + 12)
  }

  /// The sections behind the preamble of the blob in `range`. Throws EINVAL if this version does
  /// not take the preamble, or if a section leaves the blob.
  init(_ buffer: [UInt8], blob range: Range<Int>) throws(LinuxErrno) {
    let fields = buffer.span.raw
    guard range.lowerBound + Self.preambleByteCount <= buffer.count else { throw .invalid }
    let preambleByteCount = Int(fields.little(UInt16.self, at: range.lowerBound + 8))
    guard fields.little(UInt32.self, at: range.lowerBound) == Self.magic,
      fields.little(UInt32.self, at: range.lowerBound + 4) <= Self.version,
      preambleByteCount <= range.count
    else { throw .invalid }
    self.buffer = buffer
    start = range.lowerBound + preambleByteCount
    end = range.upperBound
    count = UInt32(fields.little(UInt16.self, at: range.lowerBound + 10))
    try validate()
  }

  private init(_ buffer: [UInt8], in section: Section) {
    self.buffer = buffer
    start = section.payload.lowerBound
    end = section.payload.upperBound
    count = section.subsectionCount
  }

  /// Whether every section lies within the blob.
  private func validate() throws(LinuxErrno) {
    var position = start
    for _ in 0..<count {
      guard let section = section(at: position), section.payload.upperBound <= end else {
        throw .invalid
      }
      position = section.payload.upperBound
    }
  }

  private func section(at position: Int) -> Section? {
    guard position + Self.headerByteCount <= buffer.count else { return nil }
    let fields = buffer.span.raw
    let payload = position + Self.headerByteCount
    return Section(
      payload: payload..<payload + Int(fields.little(UInt32.self, at: position + 8)),
      subsectionCount: fields.little(UInt32.self, at: position + 12))
  }

  /// The first section with this id. Throws EINVAL if it is missing or its length exceeds the
  /// buffer.
  func find(_ id: String) throws(LinuxErrno) -> Section {
    let wanted = [UInt8](id.utf8) + (id.utf8.count < 8 ? [0] : [])
    var position = start
    for _ in 0..<count {
      guard let section = section(at: position) else { break }
      // As strncmp compares it, to its end: not all kernels clear what is behind that.
      if buffer[position..<position + 8].prefix(wanted.count).elementsEqual(wanted) {
        guard section.payload.upperBound <= buffer.count else { throw .invalid }
        if section.subsectionCount > 0 { try QATSections(buffer, in: section).validate() }
        return section
      }
      position = section.payload.upperBound
    }
    throw .invalid
  }

  func sections(of id: String) throws(LinuxErrno) -> QATSections {
    QATSections(buffer, in: try find(id))
  }

  /// The payload of a section.
  func bytes(_ id: String) throws(LinuxErrno) -> [UInt8] {
    Array(buffer[try find(id).payload])
  }

  // MARK: Writing

  static func padded(_ id: String) -> [UInt8] {
    let bytes = [UInt8](id.utf8)
    return bytes + [UInt8](repeating: 0, count: 8 - bytes.count)
  }

  /// A section with its header.
  static func section(_ id: String, _ payload: [UInt8], subsections: Int = 0) -> [UInt8] {
    var writer = ByteWriter(reserving: headerByteCount + payload.count)
    writer.append(padded(id))
    writer.little(UInt32(payload.count))
    writer.little(UInt32(subsections))
    writer.append(payload)
    return writer.bytes
  }

  /// A section of sections.
  static func section(_ id: String, of sections: [[UInt8]]) -> [UInt8] {
    section(id, Array(sections.joined()), subsections: sections.count)
  }

  /// Sections behind a preamble.
  static func blob(_ sections: [[UInt8]]) -> [UInt8] {
    var writer = ByteWriter()
    writer.little(magic)
    writer.little(version)
    writer.little(UInt16(preambleByteCount))
    writer.little(UInt16(sections.count))
    writer.little(UInt32(sections.reduce(0) { $0 + $1.count }))
    for section in sections { writer.append(section) }
    return writer.bytes
  }
}
