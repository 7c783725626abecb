/// How a replay goes about its work.
public struct ReplayOptions: Sendable, Hashable {
  /// What of the stream is restored.
  public var parts = ReplayParts.all
  /// Whether several targets may be restored though not all can be kept from reaching into each
  /// other.
  public var allowsMissingP2P = false
  /// Whether targets are given state in which its layout found an error.
  public var allowsUnsoundState = false

  /// Whether what could not be checked is held against a target.
  public var isStrict = false

  /// Everything, onto targets of which nothing is let pass.
  public init() {}
}

/// What of a stream goes onto a target.
public struct ReplayParts: OptionSet, Sendable, Hashable {
  public let rawValue: UInt8
  public init(rawValue: UInt8) { self.rawValue = rawValue }

  /// The PASID bindings, which need no migration ability of the driver.
  public static var bindings: Self { Self(rawValue: 1) }
  /// The device state that the driver handed out.
  public static var state: Self { Self(rawValue: 2) }
  /// The registers that a guest programs and no driver carries; see `GuestRegister`.
  public static var configuration: Self { Self(rawValue: 4) }
  public static var all: Self { [.bindings, .state, .configuration] }
}
