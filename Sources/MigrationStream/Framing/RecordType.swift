/// What a record is; the numbers of the format.
public struct RecordType: RawRepresentable, Sendable, Hashable {
  public let rawValue: UInt8
  public init(rawValue: UInt8) { self.rawValue = rawValue }

  /// Who wrote the stream, on what, when.
  public static var streamInformation: Self { Self(rawValue: 1) }
  /// Which device, driven by what.
  public static var deviceIdentity: Self { Self(rawValue: 2) }
  /// The configuration space of a device.
  public static var configurationSpace: Self { Self(rawValue: 3) }
  /// The interrupts of a device as the guest programmed them.
  public static var interruptState: Self { Self(rawValue: 4) }
  /// The address spaces of a device and the PASIDs bound to them.
  public static var pasidTable: Self { Self(rawValue: 5) }
  /// A piece of a device's state.
  public static var stateChunk: Self { Self(rawValue: 6) }
  /// What a device's state amounts to.
  public static var deviceSummary: Self { Self(rawValue: 7) }
  /// The end of the stream's content.
  public static var end: Self { Self(rawValue: 8) }
  /// Where the chunks are.
  public static var index: Self { Self(rawValue: 9) }
  /// How QEMU's stream divided a device's state; optional, and read by nobody but who puts it back
  /// there.
  public static var qemuFraming: Self { Self(rawValue: 10) }

  /// Every type that a reader of version 1.2 has to know.
  public static let known: [RecordType] = [
    .streamInformation, .deviceIdentity, .configurationSpace, .interruptState, .pasidTable,
    .stateChunk, .deviceSummary, .end, .index,
  ]
}

extension RecordType: CustomStringConvertible {
  private static let names = [
    "stream information", "device identity", "configuration space", "interrupt state",
    "PASID table", "state chunk", "device summary", "end", "index", "QEMU framing",
  ]

  /// Whether the format defines the type; others belong to later versions and to private use.
  public var isDefined: Bool { (1...Self.names.count).contains(Int(rawValue)) }

  public var description: String {
    isDefined ? Self.names[Int(rawValue) - 1] : "type \(rawValue)"
  }
}
