/// The packets of all devices, from all channels of a migration, in any order.
///
/// Memory follows the number of packets, which is bounded, and never the indexes that they claim.
public struct DeviceStatePackets: Sendable {
  /// The place of a packet's bytes.
  public struct Piece: Sendable, Hashable {
    /// The place of the packet in the device's state, counted in packets.
    public let index: UInt32
    /// The number that the caller gave the file.
    public let file: Int
    /// The offset of the bytes in the file.
    public let offset: UInt64
    /// The number of bytes.
    public let byteCount: UInt32
    /// Whether they are the configuration record.
    public let isConfiguration: Bool
  }

  /// The packets of a device.
  public struct Sequence: Sendable, Hashable {
    /// The packets of its state, in their order.
    public let state: [Piece]
    /// The packet of its configuration record.
    public let configuration: Piece

    /// The bytes of state in all packets.
    public var stateByteCount: UInt64 { state.reduce(0) { $0 + UInt64($1.byteCount) } }
  }

  // As many as a terabyte of state has in QEMU's buffers of 1 MiB.
  private static let mostPackets = 1 << 20

  private var pieces: [VMDescription.Key: [Piece]] = [:]
  private var count = 0

  /// No packets yet.
  public init() {}

  /// The devices of the packets.
  public var devices: [(name: String, instance: UInt32)] {
    pieces.keys.map { ($0.name, $0.instance) }.sorted { $0 < $1 }
  }

  /// Adds a packet of file `file`; throws `limitExceeded` for too many.
  public mutating func add(
    _ packet: DeviceStatePacket, file: Int
  ) throws(QEMUStreamError) {
    count += 1
    guard count <= Self.mostPackets else {
      throw QEMUStreamError(
        .limitExceeded, at: packet.dataOffset, section: packet.device,
        expected: "at most \(Self.mostPackets) packets of device state", found: "more")
    }
    pieces[VMDescription.Key(name: packet.device, instance: packet.instance), default: []].append(
      Piece(
        index: packet.index, file: file, offset: packet.dataOffset,
        byteCount: packet.dataByteCount, isConfiguration: packet.isConfiguration))
  }

  /// The packets of a device in their order; nil if there are none.
  ///
  /// Throws `duplicatePacket`, `missingPacket` or `malformed` unless every index from 0 on came
  /// once, the configuration's last.
  public func sequence(
    of device: String, instance: UInt32
  ) throws(QEMUStreamError) -> Sequence? {
    guard let pieces = pieces[VMDescription.Key(name: device, instance: instance)] else {
      return nil
    }
    let sorted = pieces.sorted { $0.index < $1.index }
    var next: UInt32 = 0
    for (position, piece) in sorted.enumerated() {
      if position > 0, sorted[position - 1].index == piece.index {
        throw QEMUStreamError(
          .duplicatePacket, at: piece.offset, section: device,
          expected: "packet \(piece.index) once",
          found: "another, in file \(sorted[position - 1].file) at "
            + "\(sorted[position - 1].offset)")
      }
      guard piece.index == next else {
        throw QEMUStreamError(
          .missingPacket, at: piece.offset, section: device, expected: "packet \(next)",
          found: "packet \(piece.index) after \(next == 0 ? "none" : "\(next - 1)")")
      }
      guard piece.isConfiguration == (position == sorted.count - 1) else {
        throw QEMUStreamError(
          piece.isConfiguration ? .malformed : .missingPacket, at: piece.offset, section: device,
          expected: "the configuration in the last packet, of \(sorted.count)",
          found: piece.isConfiguration
            ? "it in packet \(piece.index)" : "state in packet \(piece.index), the last")
      }
      next += 1
    }
    guard let last = sorted.last else { return nil }
    return Sequence(state: sorted.dropLast(), configuration: last)
  }
}
