public import ByteIO
public import Devices
import VFIO
import YAMLReader

/// What a server says of itself at its control socket.
public struct ServerStatus: Sendable, Hashable {
  /// The device that is served.
  public var device: String
  /// The profile that the guest is shown; nil for the device's own space.
  public var profile: String?
  /// The VMM that is connected.
  public var client: Client?
  /// The device's migration state; nil if it has none, or did not answer.
  public var state: MigrationState?
  /// Whose the state is; nil while the device runs.
  public var owner: ServedFunction.Side?
  /// Whether a client that is connected has been given the device's registers to map.
  public var mapsRegisters: Bool
  /// The memory that the device may reach.
  public var mappedByteCount: UInt64
  /// The ranges that it is mapped in.
  public var rangeCount: Int
  /// The interrupts that the server itself signalled.
  public var interruptCount: UInt64
  /// The messages of the client, and of the operator's side.
  public var counters: ServedFunction.Counters

  /// A VMM.
  public struct Client: Sendable, Hashable {
    /// The process that connected.
    public var process: UInt32
    /// Its user.
    public var user: UInt32
    /// Whether it may have the device's descriptor, and with it every right on the device.
    public var mayMap: Bool
    /// Whether its messages wait, for the operator has the device.
    public var waits: Bool

    init(_ peer: UnixSocket.Peer, mayMap: Bool, waits: Bool) {
      process = peer.process
      user = peer.user
      self.mayMap = mayMap
      self.waits = waits
    }
  }

  /// As `ferry served status --json` prints it (schemas/served.schema.json).
  public var json: JSONValue {
    [
      "device": .string(device), "profile": .optional(profile),
      "client": client.map {
        [
          "process": .number($0.process), "user": .number($0.user), "mayMap": .bool($0.mayMap),
          "waits": .bool($0.waits),
        ]
      } ?? .null,
      "state": .optional(state?.description), "owner": .optional(owner?.rawValue),
      "mapsRegisters": .bool(mapsRegisters),
      "mappedBytes": .number(mappedByteCount), "ranges": .number(rangeCount),
      "interrupts": .number(interruptCount),
      "messages": [
        "configurationReads": .number(counters.configurationReads),
        "configurationWrites": .number(counters.configurationWrites),
        "regionReads": .number(counters.regionReads),
        "regionWrites": .number(counters.regionWrites),
        "maps": .number(counters.maps), "unmaps": .number(counters.unmaps),
        "unmasks": .number(counters.unmasks),
        "refusals": .number(counters.refusals),
      ],
    ]
  }
}

extension ServerStatus {
  /// Reads what `json` writes.
  init(parsing text: [UInt8]) throws(YAMLError) {
    let limits = YAMLLimits(byteCount: 1 << 16, depth: 4, nodeCount: 128)
    let fields = try YAMLNode(parsing: text, limits: limits).fields([
      "device", "profile", "client", "state", "owner", "mapsRegisters", "mappedBytes", "ranges",
      "interrupts",
      "messages",
    ])
    device = try fields.required("device").string()
    profile = try fields["profile"]?.optionalString()
    client = try fields["client"].flatMap { (node) throws(YAMLError) in try Client(node) }
    state = try fields["state"]?.optionalString().flatMap { MigrationState($0) }
    owner = try fields["owner"]?.optionalString().flatMap { ServedFunction.Side(rawValue: $0) }
    mapsRegisters = try fields.required("mapsRegisters").bool()
    mappedByteCount = try fields.required("mappedBytes").integer()
    rangeCount = try fields.required("ranges").integer()
    interruptCount = try fields.required("interrupts").integer()
    let messages = try fields.required("messages").fields([
      "configurationReads", "configurationWrites", "regionReads", "regionWrites", "maps", "unmaps",
      "unmasks", "refusals",
    ])
    counters = ServedFunction.Counters()
    counters.configurationReads = try messages.required("configurationReads").integer()
    counters.configurationWrites = try messages.required("configurationWrites").integer()
    counters.regionReads = try messages.required("regionReads").integer()
    counters.regionWrites = try messages.required("regionWrites").integer()
    counters.maps = try messages.required("maps").integer()
    counters.unmaps = try messages.required("unmaps").integer()
    counters.unmasks = try messages.required("unmasks").integer()
    counters.refusals = try messages.required("refusals").integer()
  }
}

extension ServerStatus.Client {
  /// Nil for null.
  fileprivate init?(_ node: YAMLNode) throws(YAMLError) {
    if node.isNull { return nil }
    let fields = try node.fields(["process", "user", "mayMap", "waits"])
    process = try fields.required("process").integer()
    user = try fields.required("user").integer()
    mayMap = try fields.required("mayMap").bool()
    waits = try fields.required("waits").bool()
  }
}

extension YAMLNode {
  fileprivate var isNull: Bool {
    if case .scalar("null", isPlain: true) = content { true } else { false }
  }

  fileprivate func optionalString() throws(YAMLError) -> String? { isNull ? nil : try string() }
}
