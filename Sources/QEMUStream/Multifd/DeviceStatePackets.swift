/// The packets of all devices, from all channels of a migration, in any order.
///
/// Memory follows the number of packets, which is bounded, and never the indexes that they claim.
public struct DeviceStatePackets: Sendable {
  /// Where a packet's bytes stand.
  public struct Piece: Sendable, Hashable {
    public let index: UInt32
    /// The file, as the caller numbers them.
    public let file: Int
    public let offset: UInt64
    public let byteCount: UInt32
    public let isConfiguration: Bool
  }

  /// The pieces of a device in their order, and its configuration record's.
  public struct Sequence: Sendable, Hashable {
    public let state: [Piece]
    public let configuration: Piece

    public var stateByteCount: UInt64 { state.reduce(0) { $0 + UInt64($1.byteCount) } }
  }

  /// As many as a terabyte of state has in QEMU's buffers of 1 MiB.
  private static let mostPackets = 1 << 20

  private var pieces: [VMDescription.Key: [Piece]] = [:]
  private var count = 0

  public init() {}

  /// The devices that packets came for.
  public var devices: [(name: String, instance: UInt32)] {
    pieces.keys.map { ($0.name, $0.instance) }.sorted { $0 < $1 }
  }

  /// Takes note of a packet of file `file`.
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

  /// The packets of a device in their order; nil where there are none.
  ///
  /// Throws `duplicatePacket` and `missingPacket` unless every index from 0 on came once, the configuration's last.
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
