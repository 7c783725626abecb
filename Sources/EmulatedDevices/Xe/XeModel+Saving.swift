import ByteIO
import Devices

extension XeModel {
  /// The descriptor, then each engine's packets, then the trailer. Engines may take turns: the
  /// media engine's come before the memory.
  func save() {
    queue = []
    var descriptor = ByteWriter()
    for (key, value) in [
      (Self.deviceKey, UInt32(settings.deviceID)), (Self.revisionKey, UInt32(settings.revisionID)),
    ] {
      descriptor.little(UInt32(key) << 16 | 1)
      descriptor.little(value)
    }
    add(.descriptor, descriptor.bytes)
    add(.firmware, firmware[0])
    var table = ByteWriter(reserving: 8 * entries.count)
    for entry in entries { table.little(entry) }
    add(.translationTable, table.bytes)
    add(.registers, bytes(registers[0]))
    if settings.hasMedia {
      add(.firmware, engine: 1, firmware[1])
      add(.registers, engine: 1, bytes(registers[1]))
    }
    queue.append(.packets(from: 0))
    add(.trailer, [])
    queue.reverse()
  }

  private func bytes(_ words: [UInt32]) -> [UInt8] {
    var writer = ByteWriter()
    for word in words { writer.little(word) }
    return writer.bytes
  }

  private func add(_ kind: XePacket.Kind, engine: UInt8 = 0, _ payload: [UInt8]) {
    let packet = XePacket(kind, engine: engine, byteCount: UInt64(payload.count))
    queue.append(.bytes(StateFile(packet.header + payload)))
  }

  func read(
    into span: inout MutableRawSpan, in state: MigrationState
  ) throws(LinuxErrno) -> Int {
    var filled = 0
    while filled < span.byteCount, let item = queue.popLast() {
      switch item {
      case .bytes(var file):
        filled += file.read(into: &span, at: filled)
        if file.left > 0 { queue.append(.bytes(file)) }
      case .memory(let range):
        let count = Int(min(UInt64(span.byteCount - filled), UInt64(range.count)))
        memory.read(count, at: range.lowerBound, into: &span, at: filled)
        filled += count
        if count < range.count {
          queue.append(.memory(range.lowerBound + UInt64(count)..<range.upperBound))
        }
      case .packets(let offset):
        guard offset < settings.memoryByteCount else { continue }
        let count = min(settings.chunkByteCount, settings.memoryByteCount - offset)
        let packet = XePacket(.memory, offset: offset, byteCount: count)
        queue.append(.packets(from: offset + count))
        queue.append(.memory(offset..<offset + count))
        queue.append(.bytes(StateFile(packet.header)))
      }
    }
    return filled
  }

  // xe_sriov_pf_migration_size counts the bytes and one header of each resource of an engine, but
  // neither the descriptor nor the trailer.
  func stopCopyByteCount() throws(LinuxErrno) -> UInt64 {
    var count: UInt64 = 0
    for state in firmware { count += UInt64(XePacket.headerByteCount + state.count) }
    count += UInt64(XePacket.headerByteCount + 8 * entries.count)
    count += UInt64((XePacket.headerByteCount + 4 * Self.registerCount) * registers.count)
    if settings.memoryByteCount > 0 {
      count += UInt64(XePacket.headerByteCount) + settings.memoryByteCount
    }
    return count
  }
}
