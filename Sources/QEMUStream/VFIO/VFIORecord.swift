/// A record of a VFIO device's section.
public struct VFIORecord: Sendable, Hashable {
  /// The kind of a record: the low 16 bits of its tag (QEMU hw/vfio/vfio-migration-internal.h).
  public enum Kind: UInt16, Sendable, Hashable, CaseIterable {
    /// The end of the section.
    case endOfState = 1
    /// The configuration of the device.
    case configuration = 2
    /// The start of the migration.
    case setup = 3
    /// State.
    case data = 4
    /// All initial data of pre-copy was sent; ends a section in place of `endOfState`.
    case initialDataSent = 5
    /// The destination may load the configuration of a multifd channel; ends a section in place
    /// of `endOfState`.
    case configurationLoadReady = 6

    /// Whether the section ends with the record.
    public var endsSection: Bool {
      switch self {
      case .endOfState, .initialDataSent, .configurationLoadReady: true
      case .configuration, .setup, .data: false
      }
    }

    /// The 8 bytes that begin the record, as a big-endian integer.
    var tag: UInt64 { Self.tagBase | UInt64(rawValue) }

    static var tagBase: UInt64 { 0xffff_ffff_ef10_0000 }

    init?(tag: UInt64) {
      guard tag & ~0xffff == Self.tagBase else { return nil }
      self.init(rawValue: UInt16(truncatingIfNeeded: tag))
    }
  }

  /// The content of a record.
  public enum Content: Sendable, Hashable {
    /// This many bytes of state.
    case data(byteCount: UInt64)
    /// The configuration record.
    case configuration(VFIOConfiguration)
    /// Nothing: the record is its tag.
    case tag(Kind)
  }

  /// What follows the tag.
  public let content: Content
  /// The offset of the tag.
  public let offset: UInt64

  /// The kind that belongs to the content.
  public var kind: Kind {
    switch content {
    case .data: .data
    case .configuration: .configuration
    case .tag(let kind): kind
    }
  }
}

extension VFIORecord.Kind: CustomStringConvertible {
  /// The name that QEMU's source gives it.
  public var description: String {
    switch self {
    case .endOfState: "END_OF_STATE"
    case .configuration: "DEV_CONFIG_STATE"
    case .setup: "DEV_SETUP_STATE"
    case .data: "DEV_DATA_STATE"
    case .initialDataSent: "DEV_INIT_DATA_SENT"
    case .configurationLoadReady: "DEV_CONFIG_LOAD_READY"
    }
  }
}
