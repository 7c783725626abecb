public import ByteIO
public import Devices
import VFIO

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
  /// The memory that the device may reach.
  public var mappedByteCount: UInt64
  public var rangeCount: Int
  /// The interrupts that the server itself signalled.
  public var interruptCount: UInt64
  public var counters: ServedFunction.Counters

  /// A VMM.
  public struct Client: Sendable, Hashable {
    public var process: UInt32
    public var user: UInt32
    /// Whether it may have the device's descriptor, and with it every right on the device.
    public var mayMap: Bool

    init(_ peer: UnixSocket.Peer, mayMap: Bool) {
      process = peer.process
      user = peer.user
      self.mayMap = mayMap
    }
  }

  /// As `ferry served status --json` prints it (schemas/served.schema.json).
  public var json: JSONValue {
    [
      "device": .string(device), "profile": .optional(profile),
      "client": client.map {
        [
          "process": .number($0.process), "user": .number($0.user), "mayMap": .bool($0.mayMap),
        ]
      } ?? .null,
      "state": .optional(state?.description), "owner": .optional(owner.map { "\($0)" }),
      "mappedBytes": .number(mappedByteCount), "ranges": .number(rangeCount),
      "interrupts": .number(interruptCount),
      "messages": [
        "configurationReads": .number(counters.configurationReads),
        "configurationWrites": .number(counters.configurationWrites),
        "regionReads": .number(counters.regionReads),
        "regionWrites": .number(counters.regionWrites),
        "maps": .number(counters.maps), "unmaps": .number(counters.unmaps),
        "refusals": .number(counters.refusals),
      ],
    ]
  }
}
