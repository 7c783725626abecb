import Devices
import MigrationStream
import StateLayout

extension DriverFamily {
  static let mtty = DriverFamily(
    driver: "mtty",
    translations: [MttyTranslation()],
    facts: .group("mtty", \.mtty),
    read: { identity, facts in
      // Each port has a BAR (mtty_get_region_info).
      let count = identity.regions.count { $0.index < 2 && $0.byteCount > 0 }
      guard count > 0 else { return }
      facts.mtty = DeviceFacts.Mtty()
      facts.mtty?.portCount = count
    },
    readState: { tree, facts in
      facts.mtty = DeviceFacts.Mtty()
      facts.mtty?.portCount = tree["ports"]?.items.count
    },
    // VFIO_DEVICE_RESET gives up a migration, and leaves the ports as they are (mtty_reset).
    isClearedByReset: false,
    meanings: [
      ErrnoMeaning(
        .write, .fault,
        "the header of the state (magic, version, flags, number of ports) is not the one "
          + "that this device has"),
      ErrnoMeaning(
        .write, .outOfMemory,
        "the state is longer than that of a device with this many ports"),
      ErrnoMeaning(
        .load, .invalid,
        "the state is shorter than that of a device with this many ports"),
    ])
}

extension DeviceFacts {
  /// The facts of the family mtty, below the key `mtty`.
  public var mtty: Mtty? {
    get { self[Mtty.self] }
    set { self[Mtty.self] = newValue }
  }

  /// The kernel's sample serial device.
  public struct Mtty: Sendable, Hashable {
    /// The number of ports, 1 or 2.
    public var portCount: Int?

    public init() {}
  }
}

extension DeviceFacts.Mtty: FactGroup {
  static let fields: [FactField<Self>] = [.integer("ports", \.portCount, in: 1...2)]
}
