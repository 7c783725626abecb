public import ByteIO

/// The states that a process which runs one check is given, by ``CheckRunner``s that start one.
public struct CheckRunnerStates: Sendable, Hashable {
  /// The one that the device is to have; nil if it is not known.
  public let saved: [UInt8]?
  /// Those of other devices.
  public let others: [ForeignState]

  /// States for one check.
  public init(saved: [UInt8]?, others: [ForeignState]) {
    self.saved = saved
    self.others = others
  }

  /// The states in a row, each with its length before it, and those of others with their names.
  public var bytes: [UInt8] {
    var writer = ByteWriter()
    func append(_ part: [UInt8]) {
      writer.little(UInt64(part.count))
      writer.append(part)
    }
    writer.little(UInt8(saved == nil ? 0 : 1))
    append(saved ?? [])
    for other in others {
      append(Array(other.name.utf8))
      append(other.bytes)
    }
    return writer.bytes
  }

  /// The states in what the process read, which is `bytes` of another value.
  public init(parsing bytes: [UInt8]) throws(ByteError) {
    var reader = ByteReader(bytes.span.raw)
    let isSaved = try reader.little(UInt8.self) != 0
    let first = try Self.part(&reader)
    saved = isSaved ? first : nil
    var others: [ForeignState] = []
    while !reader.isAtEnd {
      let name = String(decoding: try Self.part(&reader), as: UTF8.self)
      others.append(ForeignState(name: name, bytes: try Self.part(&reader)))
    }
    self.others = others
  }

  private static func part(_ reader: inout ByteReader) throws(ByteError) -> [UInt8] {
    let count = Int(clamping: try reader.little(UInt64.self))
    return [UInt8](try reader.take(count))
  }
}
