public import MigrationStream

/// What a stream says of a device before its state.
public struct StreamDevice: Sendable, Hashable {
  public var number: UInt16
  public var identity: DeviceIdentity
  public var configuration: ConfigurationRecord?
  public var pasids: PASIDTable?

  public init(
    number: UInt16, identity: DeviceIdentity, configuration: ConfigurationRecord? = nil,
    pasids: PASIDTable? = nil
  ) {
    self.number = number
    self.identity = identity
    self.configuration = configuration
    self.pasids = pasids
  }
}
