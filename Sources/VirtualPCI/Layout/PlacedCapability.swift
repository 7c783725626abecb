public import PCIConfig

/// A capability at its place in the space that the guest sees.
public struct PlacedCapability: Sendable {
  public let capability: ProfileCapability
  public let offset: Int
  /// How many capabilities with the same id come before it in the profile; pairs it with the device's.
  public let instance: Int
  /// The offset of the next one in its chain; 0 ends it.
  public internal(set) var next: Int

  public var id: CapabilityID { capability.id }
  public var template: CapabilityTemplate { capability.template }
  public var content: CapabilityContent { capability.content }
  public var range: Range<Int> { offset..<offset + capability.byteCount }

  /// The profile's name for it, with a number where there are several.
  public var label: String { template.key + (instance == 0 ? "" : "[\(instance)]") }

  /// The value at reset of the template's register `name`; 0 if it has none.
  public func value(_ name: String) -> UInt32 {
    guard let register = template.registers(content).first(where: { $0.name == name }) else {
      return 0
    }
    return template.value(of: register, in: content)
  }
}
