extension DeviceFacts {
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
