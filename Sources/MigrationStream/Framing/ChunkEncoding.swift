/// How a chunk's state bytes are stored.
public struct ChunkEncoding: RawRepresentable, Sendable, Hashable {
  public let rawValue: UInt8
  public init(rawValue: UInt8) { self.rawValue = rawValue }

  /// As they are; metadata records have this encoding too.
  public static var raw: Self { Self(rawValue: 0) }
  /// As the one byte that they all equal.
  public static var fill: Self { Self(rawValue: 1) }
  /// As one zstd frame (RFC 8878) with its content size and its checksum.
  public static var zstd: Self { Self(rawValue: 2) }

  /// As one zstd frame that refers back into the state bytes of an earlier chunk, which is stored
  /// without reference.
  public static var delta: Self { Self(rawValue: 3) }

  /// As one zstd frame that is coded with the device's dictionary.
  public static var dictionary: Self { Self(rawValue: 4) }

  /// By how many bytes a delta may be longer than what it stands for.
  static let deltaExcess: UInt32 = 1024

  /// The encodings of version 1.2.
  public static let known: [ChunkEncoding] = [.raw, .fill, .zstd, .delta, .dictionary]
}

extension ChunkEncoding: CustomStringConvertible {
  public var description: String {
    switch self {
    case .raw: "raw"
    case .fill: "fill"
    case .zstd: "zstd"
    case .delta: "delta"
    case .dictionary: "dictionary"
    default: "encoding \(rawValue)"
    }
  }
}
