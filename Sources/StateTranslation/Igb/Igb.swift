import Devices
import StateLayout

extension DriverFamily {
  static let igb = DriverFamily(
    driver: "igb-vfio-pci",
    translations: [IgbTranslation()],
    facts: .group("igb", \.igb),
    readState: { tree, facts in
      facts.igb = DeviceFacts.Igb()
      facts.igb?.stateByteCount = Int(exactly: tree.byteCount)
      facts.igb?.virtualFunction = tree.integer("vfn").flatMap { Int(exactly: $0) }
    },
    meanings: [
      ErrnoMeaning(
        .write, .tooLarge,
        "the state is longer than the structure that this device takes"),
      ErrnoMeaning(
        .load, .inputOutput,
        "the device refused the state: its length, its version or its registers, or the "
          + "function that it is of"),
    ])
}

extension DeviceFacts {
  /// The facts of the family igb, below the key `igb`.
  public var igb: Igb? {
    get { self[Igb.self] }
    set { self[Igb.self] = newValue }
  }

  /// A virtual function of an emulated Intel 82576.
  public struct Igb: Sendable, Hashable {
    /// The bytes of the structure that the device takes.
    public var stateByteCount: Int?
    /// The number of the virtual function.
    public var virtualFunction: Int?

    public init() {}
  }
}

extension DeviceFacts.Igb: FactGroup {
  static let fields: [FactField<Self>] = [
    .integer("state-bytes", \.stateByteCount, in: 1...4096),
    .integer("vf", \.virtualFunction, in: 0...7),
  ]
}
