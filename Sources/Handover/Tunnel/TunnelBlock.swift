import ByteIO

/// The head of a block: what passes a connection of a tunnel is nothing else, behind the preamble.
/// The specification is the page Tunnel.
public struct TunnelBlock: Sendable, Hashable {
  /// What a block is.
  public enum Kind: UInt8, Sendable, Hashable, CaseIterable {
    /// The first of each side on a connection; its payload is a ``TunnelHello``.
    case hello = 1
    /// The source's QEMU has made a connection.
    case open = 2
    /// Bytes of a connection of QEMU's.
    case data = 3
    /// No more bytes follow in a direction, of which there were as many as the position says.
    case end = 4
    /// The receiver of a direction takes bytes up to the position.
    case credit = 5
    /// Nothing: the sender is alive.
    case alive = 6
    /// The tunnel ends here, for the reason that is its payload, and so does the migration.
    case abort = 7
    /// The sender has said all that it had to say.
    case bye = 8
  }

  /// How the payload of a block has its bytes.
  public enum Coding: UInt8, Sendable, Hashable, CaseIterable {
    /// As they are.
    case raw = 0
    /// One byte, which all are alike.
    case fill = 1
    /// One zstd frame with its content size and checksum.
    case zstd = 2
  }

  /// Which way bytes of QEMU's go.
  public enum Direction: UInt8, Sendable, Hashable, CaseIterable {
    /// From the source's QEMU to the destination's.
    case forward = 0
    /// The way back.
    case backward = 1

    /// The other one.
    public var opposite: Self { self == .forward ? .backward : .forward }
  }

  /// What it is.
  public var kind: Kind
  /// Of data: how the payload has them.
  public var coding = Coding.raw
  /// Of open, data, end and credit: the number of QEMU's connection.
  public var stream: UInt16 = 0
  /// Of data, end and credit: which way the bytes go.
  public var direction = Direction.forward
  /// How many bytes of the direction come before those of the block.
  public var position: UInt64 = 0
  /// Of data: how many bytes it has.
  public var byteCount = 0
  /// The bytes of the payload.
  public var payloadByteCount = 0

  /// The bytes of a head.
  public static let headByteCount = 28
  /// The most bytes that a block has of QEMU's.
  public static let contentLimit = 256 << 10
  /// The most bytes of QEMU's that a direction may have on its way before the first credit.
  public static let firstCredit: UInt64 = 256 << 10
  /// The most connections of QEMU's that a tunnel has, from its first to its last moment.
  public static let streamLimit = 512

  /// A block without a payload.
  public init(
    _ kind: Kind, stream: UInt16 = 0, direction: Direction = .forward, position: UInt64 = 0
  ) {
    self.kind = kind
    self.stream = stream
    self.direction = direction
    self.position = position
  }

  private var payloadRange: ClosedRange<Int> {
    switch kind {
    case .hello: TunnelHello.byteCount...TunnelHello.byteCount
    case .abort: 0...1024
    case .open, .end, .credit, .alive, .bye: 0...0
    case .data:
      switch coding {
      case .raw: byteCount...byteCount
      case .fill: 1...1
      case .zstd: 1...max(1, byteCount - 1)
      }
    }
  }

  /// The head as it stands before `payload`.
  public func head(before payload: RawSpan) -> [UInt8] {
    var writer = ByteWriter(reserving: Self.headByteCount)
    writer.little(UInt32(payload.byteCount))
    writer.little(kind.rawValue)
    writer.little(coding.rawValue)
    writer.little(stream)
    writer.little(position)
    writer.little(UInt32(byteCount))
    writer.little(direction.rawValue)
    writer.append([0, 0, 0])
    let checksum = CRC32C.checksum(of: writer.bytes.span.raw)
    writer.little(CRC32C.checksum(of: payload, continuing: checksum))
    return writer.bytes
  }

  /// Reads a head of 28 bytes, whose payload is still to come; what it says is within the bounds of
  /// the protocol, though its checksum has not been looked at.
  public init(parsing head: RawSpan) throws(TunnelDamage) {
    guard head.byteCount == Self.headByteCount else {
      throw TunnelDamage(
        expected: "a head of \(Self.headByteCount) bytes", found: "\(head.byteCount)")
    }
    guard let kind = Kind(rawValue: head[byte: 4]) else {
      throw TunnelDamage(expected: "a block of the kinds 1 to 8", found: "\(head[byte: 4])")
    }
    guard let coding = Coding(rawValue: head[byte: 5]), kind == .data || coding == .raw else {
      throw TunnelDamage(
        expected: kind == .data ? "a coding of 0 to 2" : "no coding", found: "\(head[byte: 5])")
    }
    guard let direction = Direction(rawValue: head[byte: 20]) else {
      throw TunnelDamage(expected: "a direction of 0 or 1", found: "\(head[byte: 20])")
    }
    guard head[byte: 21] | head[byte: 22] | head[byte: 23] == 0 else {
      throw TunnelDamage(expected: "zeros behind the direction", found: "other bytes")
    }
    self.init(
      kind, stream: head.little(UInt16.self, at: 6), direction: direction,
      position: head.little(UInt64.self, at: 8))
    self.coding = coding
    byteCount = Int(head.little(UInt32.self, at: 16))
    payloadByteCount = Int(head.little(UInt32.self, at: 0))
    guard stream < Self.streamLimit else {
      throw TunnelDamage(
        expected: "a connection of QEMU's below \(Self.streamLimit)", found: "\(stream)")
    }
    let bytes = kind == .data ? 1...Self.contentLimit : 0...0
    guard bytes.contains(byteCount) else {
      throw TunnelDamage(
        expected: "a block with \(bytes.lowerBound) to \(bytes.upperBound) bytes of QEMU's",
        found: "\(byteCount)")
    }
    guard payloadRange.contains(payloadByteCount) else {
      throw TunnelDamage(
        expected: "a payload of \(payloadRange.lowerBound) to \(payloadRange.upperBound) bytes",
        found: "\(payloadByteCount)")
    }
    guard position <= UInt64(Int64.max) else {
      throw TunnelDamage(expected: "a position below 2^63", found: "\(position)")
    }
  }

  /// Whether a head and the payload behind it are as they were sent.
  static func isIntact(_ head: RawSpan, _ payload: RawSpan) -> Bool {
    let checksum = CRC32C.checksum(
      of: payload, continuing: CRC32C.checksum(of: head.extracting(0..<headByteCount - 4)))
    return checksum == head.little(UInt32.self, at: headByteCount - 4)
  }
}
