import ByteIO
private import YAMLReader

/// What the two sides of a connection can do, as each says in its first message (VERSION).
public struct VersionOffer: Sendable, Hashable {
  /// Always 0: there is no other.
  public var major: UInt16
  /// The client's own, then the lower of the two.
  public var minor: UInt16
  /// What stands in the JSON behind them; nil if a side says nothing, which is allowed.
  public var capabilities: Capabilities?

  /// What is said of a side beyond its version. What is absent has the specification's default.
  public struct Capabilities: Sendable, Hashable {
    /// The most descriptors of a message (`max_msg_fds`).
    public var descriptorLimit: Int?
    /// The most bytes of data of a message (`max_data_xfer_size`).
    public var transferByteLimit: Int?
    /// The sizes of pages that can be mapped, as a mask (`pgsizes`).
    public var pageSizes: UInt64?
    /// The most ranges that are mapped at a time (`max_dma_maps`).
    public var mappingLimit: Int?
    /// Whether REGION_WRITE_MULTI is understood (`write_multiple`).
    public var takesWriteMultiple: Bool?
    /// The page size of dirty tracking (`migration.pgsize`), of servers and clients older than the
    /// specification's DEVICE_FEATURE.
    public var migrationPageByteCount: UInt64?
    /// Whether a second socket is offered for the server's commands (`twin_socket.supported`).
    public var hasTwinSocket: Bool?

    /// Capabilities that are all absent.
    public init() {}
  }

  /// The descriptors that a message may have if a side does not say.
  public static let standardDescriptorLimit = 1
  /// The data that a message may have if a side does not say.
  public static let standardTransferByteLimit = 1 << 20
  /// The most that a side is believed: larger than anybody offers.
  static let largestTransferByteLimit = 64 << 20
  static let largestDescriptorLimit = 1024

  /// An offer of this version.
  public init(minor: UInt16, capabilities: Capabilities? = nil) {
    major = 0
    self.minor = minor
    self.capabilities = capabilities
  }

  // The JSON is short; what is longer is no offer.
  private static let textByteLimit = 4096

  init(_ reader: inout BodyReader) throws(MessageError) {
    major = try reader.integer(UInt16.self)
    minor = try reader.integer(UInt16.self)
    guard reader.remaining > 0 else { return }
    guard reader.remaining <= Self.textByteLimit else {
      throw reader.error(
        "expected at most \(Self.textByteLimit) bytes of JSON, found \(reader.remaining)")
    }
    var text = try reader.rest()
    guard text.last == 0 else { throw reader.error("expected a zero byte at the end of the JSON") }
    // QEMU sends one zero byte; whoever counts it twice means the same.
    while text.last == 0 { text.removeLast() }
    guard !text.isEmpty else { return }
    do throws(YAMLError) {
      capabilities = try Capabilities(parsing: text)
    } catch {
      throw reader.error("in the JSON: \(error.message)", back: text.count)
    }
  }

  func write(to writer: inout ByteWriter) {
    writer.little(major)
    writer.little(minor)
    guard let capabilities else { return }
    writer.append([UInt8](capabilities.json.line.utf8) + [0])
  }

  /// What a server that can do `own` answers: the lower minor version, and of its capabilities
  /// those that were offered, but for the two that every client needs.
  public func answer(_ own: Capabilities, minor ownMinor: UInt16 = 1) -> VersionOffer {
    var answer = Capabilities()
    let offered = capabilities ?? Capabilities()
    answer.descriptorLimit = own.descriptorLimit
    answer.transferByteLimit = own.transferByteLimit
    if offered.mappingLimit != nil { answer.mappingLimit = own.mappingLimit }
    if offered.pageSizes != nil { answer.pageSizes = own.pageSizes }
    if offered.takesWriteMultiple != nil { answer.takesWriteMultiple = own.takesWriteMultiple }
    if offered.migrationPageByteCount != nil {
      answer.migrationPageByteCount = own.migrationPageByteCount
    }
    return VersionOffer(minor: min(minor, ownMinor), capabilities: answer)
  }
}

extension VersionOffer.Capabilities {
  fileprivate init(parsing text: [UInt8]) throws(YAMLError) {
    let limits = YAMLLimits(byteCount: 4096, depth: 8, nodeCount: 256)
    let document = try YAMLNode(parsing: text, limits: limits)
    guard let node = try document.entries().first(where: { $0.key == "capabilities" })?.value else {
      return
    }
    for (key, value) in try node.entries().map({ ($0.key, $0.value) }) {
      switch key {
      case "max_msg_fds":
        descriptorLimit = min(
          try value.integer(in: 0...Int.max), VersionOffer.largestDescriptorLimit)
      case "max_data_xfer_size":
        transferByteLimit = min(
          try value.integer(in: 0...Int.max), VersionOffer.largestTransferByteLimit)
      case "pgsizes": pageSizes = try value.integer()
      case "max_dma_maps": mappingLimit = try value.integer(in: 0...Int(UInt32.max))
      case "write_multiple": takesWriteMultiple = try value.bool()
      case "migration":
        migrationPageByteCount = try value.entries().first { $0.key == "pgsize" }?.value.integer()
      case "twin_socket":
        hasTwinSocket = try value.entries().first { $0.key == "supported" }?.value.bool()
      default: break
      }
    }
  }

  fileprivate var json: JSONValue {
    [
      "capabilities": [
        "max_msg_fds": descriptorLimit.map { .number($0) },
        "max_data_xfer_size": transferByteLimit.map { .number($0) },
        "pgsizes": pageSizes.map { .number($0) },
        "max_dma_maps": mappingLimit.map { .number($0) },
        "write_multiple": takesWriteMultiple.map { .bool($0) },
        "migration": migrationPageByteCount.map { ["pgsize": .number($0)] },
        "twin_socket": hasTwinSocket.map { ["supported": .bool($0)] },
      ]
    ]
  }
}
