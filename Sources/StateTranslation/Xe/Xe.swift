import Devices

extension DriverFamily {
  static let xe = DriverFamily(
    driver: "xe-vfio-pci",
    translations: [XeTranslation()],
    facts: .group("xe", \.xe),
    readState: { tree, facts in XeTranslation().read(tree, &facts) },
    meanings: [
      ErrnoMeaning(
        .write, .noDevice,
        "the state is of a device with another id or revision, or the data channel was "
          + "closed meanwhile"),
      // ENODATA; before Linux 7.3 a cut key is EINVAL, as the rest.
      ErrnoMeaning(
        .write, .noData,
        "a key of the descriptor is cut short (Linux 7.3 and newer say so)"),
      ErrnoMeaning(
        .write, .invalid,
        "the head of a packet is not one that the driver takes, or the descriptor's keys are "
          + "malformed (of a key that is cut short only Linux before 7.3 says so)"),
      ErrnoMeaning(
        .write, .inputOutput,
        "a packet before could not be restored, or the trailer is missing"),
      ErrnoMeaning(
        .transition, .inputOutput,
        "a packet before could not be restored, or the trailer is missing"),
    ])
}

extension DeviceFacts {
  /// The facts of the family xe, below the key `xe`.
  public var xe: Xe? {
    get { self[Xe.self] }
    set { self[Xe.self] = newValue }
  }

  /// A virtual function of an Intel GPU.
  public struct Xe: Sendable, Hashable {
    /// The bytes of the page-table entries of the function's share of the GGTT, by tile.
    public var ggttByteCounts: [UInt64]?
    /// The bytes of the function's local memory, by tile.
    public var vramByteCounts: [UInt64]?
    /// The number of GTs, the media engine's too.
    public var graphicsCount: Int?
    /// The most bytes of local memory in a packet, at most 512 MiB; if it is not given, packets
    /// stay as they are.
    public var chunkByteCount: UInt64?

    public init() {}
  }
}

extension DeviceFacts.Xe: FactGroup {
  static let fields: [FactField<Self>] = [
    .integers("ggtt-bytes", \.ggttByteCounts),
    .integers("vram-bytes", \.vramByteCounts),
    .integer("gt-count", \.graphicsCount, in: 1...256),
    .integer("chunk-bytes", \.chunkByteCount, in: 1 << 20...512 << 20),
  ]
}
