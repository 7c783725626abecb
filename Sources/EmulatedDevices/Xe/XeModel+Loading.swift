import ByteIO
import Devices

extension XeModel {
  /// The most that the host's kernel can allocate for a packet that is not of memory.
  private static let payloadLimit: UInt64 = 64 << 20

  // xe_sriov_pf_migration_write: an error hides how much of the write was taken.
  func write(_ bytes: RawSpan) throws(LinuxErrno) -> Int {
    var taken = 0
    while taken < bytes.byteCount {
      guard let packet else {
        let part = min(XePacket.headerByteCount - head.count, bytes.byteCount - taken)
        head += [UInt8](bytes.extracting(taken..<taken + part))
        taken += part
        if head.count == XePacket.headerByteCount { try begin() }
        continue
      }
      let left = packet.byteCount - packetPosition
      let part = Int(min(left, UInt64(bytes.byteCount - taken)))
      take(bytes.extracting(taken..<taken + part), of: packet)
      packetPosition += UInt64(part)
      taken += part
      if packetPosition == packet.byteCount { try end(packet) }
    }
    return taken
  }

  // xe_sriov_packet_init_from_hdr.
  private func begin() throws(LinuxErrno) {
    let packet = XePacket(parsing: head.span.raw)
    head = []
    guard packet.version == XePacket.version, Int(packet.engine) < settings.engineCount else {
      throw .invalid
    }
    if packet.kind != .memory, packet.byteCount > Self.payloadLimit { throw .outOfMemory }
    self.packet = packet
    packetPosition = 0
    payload = []
    if packet.byteCount == 0 { try end(packet) }
  }

  /// Memory goes to its place as it comes; the rest is gathered.
  private func take(_ bytes: RawSpan, of packet: XePacket) {
    guard packet.kind == .memory else {
      payload += [UInt8](bytes)
      return
    }
    guard isInMemory(packet) else { return }
    if !memory.write(bytes, at: packet.offset + packetPosition) { hasFailed = true }
  }

  private func isInMemory(_ packet: XePacket) -> Bool {
    let (end, overflows) = packet.offset.addingReportingOverflow(packet.byteCount)
    return packet.engine == 0 && !overflows && end <= settings.memoryByteCount
  }

  // xe_sriov_pf_migration_restore_produce.
  private func end(_ packet: XePacket) throws(LinuxErrno) {
    self.packet = nil
    let payload = payload
    self.payload = []
    switch packet.kind {
    case .descriptor:
      guard packet.tile == 0, packet.engine == 0 else { throw .invalid }
      try checkDescriptor(payload)
    case .trailer:
      guard packet.tile == 0, packet.engine == 0, packet.offset == 0, packet.byteCount == 0
      else { throw .invalid }
      isEnded = true
    case .invalid: throw .invalid
    default:
      guard packet.tile == 0 else { throw .invalid }
      // A failure with the packet before shows with this one.
      if hasFailed { throw .inputOutput }
      if !restore(packet, payload) { hasFailed = true }
    }
  }

  private func checkDescriptor(_ payload: [UInt8]) throws(LinuxErrno) {
    guard payload.count.isMultiple(of: 4) else { throw .invalid }
    var words: [UInt32] = []
    for offset in stride(from: 0, to: payload.count, by: 4) {
      words.append(payload.span.raw.little(UInt32.self, at: offset))
    }
    if settings.kernel == .countingKeys, !Self.isWhole(words) { throw .noData }
    var rest = words[...]
    while let header = rest.popFirst() {
      let (key, count) = (UInt16(header >> 16), Int(header & 0xffff))
      guard count <= rest.count else { throw .invalid }
      switch key {
      case Self.deviceKey:
        guard rest.first == UInt32(settings.deviceID) else { throw .noDevice }
      case Self.revisionKey:
        guard rest.first == UInt32(settings.revisionID) else { throw .noDevice }
      // Keys that nobody knows are passed over.
      default: break
      }
      rest = rest.dropFirst(count)
    }
  }

  /// Whether the values of all keys are there (xe_guc_klv_count).
  private static func isWhole(_ words: [UInt32]) -> Bool {
    var end = 0
    while end < words.count { end += 1 + Int(words[end] & 0xffff) }
    return end == words.count
  }

  /// Restores a packet to the function, as the kernel's worker does; false if it cannot.
  private func restore(_ packet: XePacket, _ payload: [UInt8]) -> Bool {
    let engine = Int(packet.engine)
    let fields = payload.span.raw
    switch packet.kind {
    case .translationTable:
      guard engine == 0, payload.count == 8 * entries.count else { return false }
      for index in entries.indices {
        // The number of the function is the host's.
        entries[index] = fields.little(UInt64.self, at: 8 * index) & ~0xffc
      }
    case .registers:
      guard payload.count == 4 * Self.registerCount else { return false }
      registers[engine] = (0..<Self.registerCount).map { fields.little(UInt32.self, at: 4 * $0) }
    case .firmware:
      guard payload.count >= 16, payload.count.isMultiple(of: 4),
        fields.little(UInt32.self, at: 0) == Self.firmwareMagic,
        fields.little(UInt32.self, at: 4) == UInt32(payload.count)
      else { return false }
      firmware[engine] = payload
      if engine == 0 { memory.expect(seed: fields.little(UInt64.self, at: 8)) }
    case .memory: return isInMemory(packet)
    // An unknown packet is passed over with a notice.
    default: break
    }
    return true
  }
}
