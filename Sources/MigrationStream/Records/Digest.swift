import ByteIO

/// A digest with the name of its algorithm.
public struct Digest: Sendable, Hashable {
  /// The hash that a digest was made with, by its number in the format.
  public struct Algorithm: RawRepresentable, Sendable, Hashable {
    public let rawValue: UInt8
    public init(rawValue: UInt8) { self.rawValue = rawValue }

    /// XXH3 with 128 bits and no seed, in its canonical (big-endian) form: finds accidents, not
    /// attackers.
    public static var xxh3: Self { Self(rawValue: 1) }
    /// SHA-256 (FIPS 180-4).
    public static var sha256: Self { Self(rawValue: 2) }

    /// Those that this module computes; of another, nothing is held against the digest.
    public static let known: Set<Self> = [.xxh3, .sha256]
  }

  /// The hash that the bytes are of.
  public let algorithm: Algorithm
  /// The hash, its first byte first.
  public let bytes: [UInt8]

  /// A digest of known or unknown algorithm.
  public init(algorithm: Algorithm, bytes: [UInt8]) {
    self.algorithm = algorithm
    self.bytes = bytes
  }
}

extension Digest: CustomStringConvertible {
  /// `xxh3-128:` or the like, and hexadecimal digits.
  public var description: String {
    let name: String
    switch algorithm {
    case .xxh3: name = "xxh3-128"
    case .sha256: name = "sha-256"
    default: name = "algorithm-\(algorithm.rawValue)"
    }
    return "\(name):\(hex(bytes))"
  }
}

extension Digest {
  init(parsing field: FieldReader.Field) throws(StreamError) {
    let bytes = try field.bytes(count: 1...65)
    let digest = Digest(
      algorithm: Algorithm(rawValue: bytes[0]), bytes: [UInt8](bytes.dropFirst()))
    let size: Int? =
      switch digest.algorithm {
      case .xxh3: 16
      case .sha256: 32
      default: nil
      }
    guard size == nil || size == digest.bytes.count else {
      throw field.malformed(expected: "a digest of \(size ?? 0) bytes")
    }
    self = digest
  }

  var encoded: [UInt8] { [algorithm.rawValue] + bytes }
}
