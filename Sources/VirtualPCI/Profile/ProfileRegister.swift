import ByteIO
public import PCIConfig
public import YAMLReader

/// Bits of the space that a profile treats otherwise than the defaults do.
public struct ProfileRegister: Sendable {
  /// The register of a device that serves bits of a profile.
  public enum Counterpart: Sendable, Hashable {
    /// The same offset in the header.
    case header(Int)
    /// The same register of the same capability, wherever the device has it; `instance` counts those with the id.
    case capability(CapabilityID, instance: Int, offset: Int)
    /// An offset that the profile names.
    case absolute(Int)
  }

  /// Where the first byte lies in the space that the guest sees.
  public var offset: Int
  /// Which bits, bit 0 being the first of the byte at `offset`.
  public var bits: UInt32
  public var source: Source
  public var name: String
  /// The value at reset, in place; nil keeps what is there.
  public var reset: UInt32?
  /// The bits that a guest can write; nil for all where that makes sense.
  public var writable: UInt32?
  /// The bits that a guest clears by writing 1.
  public var clearable: UInt32
  /// Which register of the device; nil for the same one.
  public var physical: Counterpart?
  /// What a device must have there, in place.
  public var required: UInt32?
  public var mark: YAMLMark?

  public enum Source: String, Sendable, Hashable, CaseIterable {
    case constant
    case emulated
    /// Emulated, and writes also go to the device.
    case forwarded
    case device
  }

  public init(
    at offset: Int, bits: UInt32, source: Source, name: String, reset: UInt32? = nil,
    writable: UInt32? = nil, clearable: UInt32 = 0, physical: Counterpart? = nil,
    required: UInt32? = nil, mark: YAMLMark? = nil
  ) {
    self.offset = offset
    self.bits = bits
    self.source = source
    self.name = name
    self.reset = reset
    self.writable = writable
    self.clearable = clearable
    self.physical = physical
    self.required = required
    self.mark = mark
  }
}

extension ProfileRegister.Counterpart: CustomStringConvertible {
  /// `0x04`, `express+0x08`, or `vendor[1]+0x04`.
  public var description: String {
    switch self {
    case .header(let offset), .absolute(let offset): "0x" + hex(offset, digits: 2)
    case .capability(let id, let instance, let offset):
      CapabilityTemplate.template(for: id).key + (instance == 0 ? "" : "[\(instance)]") + "+0x"
        + hex(offset, digits: 2)
    }
  }
}
