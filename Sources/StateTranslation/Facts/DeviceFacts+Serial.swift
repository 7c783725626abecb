extension DeviceFacts {
  /// The kernel's sample serial device.
  public struct Serial: Sendable, Hashable {
    public var portCount: Int?

    public init() {}
  }
}

extension DeviceFacts.Serial: FactGroup {
  static let fields: [FactField<Self>] = [.integer("ports", \.portCount, in: 1...2)]
}
