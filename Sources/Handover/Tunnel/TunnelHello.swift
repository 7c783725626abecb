import ByteIO

/// What each side says first on a connection of a tunnel.
public struct TunnelHello: Sendable, Hashable {
  /// The version of the tunnel's protocol that this module speaks.
  public static let version: UInt16 = 1
  /// The connections that a tunnel may have.
  public static let connectionRange = 1...16
  /// What begins a connection, each way; the first byte is no text, and the others tell line
  /// endings that were changed.
  public static let preamble: [UInt8] = [0x8f, 0x46, 0x51, 0x54, 0x0d, 0x0a, 0x1a, 0x0a]

  static let byteCount = 40

  /// The lowest and the highest version that is spoken.
  public var versions: ClosedRange<UInt16> = version...version
  /// Which connection of the tunnel it is, from 0 on.
  public var connection: UInt16
  /// How many there are.
  public var connectionCount: UInt16
  /// What tells the connections of a tunnel from those of others: all have the same.
  public var secret: HandoverSecret

  /// Who makes a connection, or takes it.
  public init(connection: UInt16, of connectionCount: UInt16, secret: HandoverSecret) {
    self.connection = connection
    self.connectionCount = connectionCount
    self.secret = secret
  }

  /// The payload of a block.
  public var bytes: [UInt8] {
    var writer = ByteWriter(reserving: Self.byteCount)
    writer.little(versions.lowerBound)
    writer.little(versions.upperBound)
    writer.little(connection)
    writer.little(connectionCount)
    writer.append(secret.bytes)
    return writer.bytes
  }

  /// Reads a payload of 40 bytes.
  public init(parsing bytes: [UInt8]) throws(TunnelDamage) {
    guard bytes.count == Self.byteCount else {
      throw TunnelDamage(expected: "a hello of \(Self.byteCount) bytes", found: "\(bytes.count)")
    }
    let span = bytes.span.raw
    let (lowest, highest) = (span.little(UInt16.self, at: 0), span.little(UInt16.self, at: 2))
    connection = span.little(UInt16.self, at: 4)
    connectionCount = span.little(UInt16.self, at: 6)
    secret = HandoverSecret(Array(bytes[8...]))
    guard lowest <= highest else {
      throw TunnelDamage(expected: "a lowest version first", found: "\(lowest) and \(highest)")
    }
    versions = lowest...highest
    // What another version means by the rest is not known.
    guard versions.contains(Self.version) else { return }
    guard Self.connectionRange.contains(Int(connectionCount)), connection < connectionCount else {
      throw TunnelDamage(
        expected: "one of 1 to \(Self.connectionRange.upperBound) connections",
        found: "connection \(connection) of \(connectionCount)")
    }
  }
}
