/// The settings of an mlx5 virtual function, and of the driver and firmware that move it.
struct MLX5Settings: Sendable, Hashable {
  /// How the driver frames the firmware's images.
  enum Format: String, Sendable, Hashable, CaseIterable {
    /// Records, since Linux 6.2.
    case tagged
    /// One image and nothing else, Linux 5.18 to 6.1.
    case raw
  }

  var format = Format.tagged
  /// The bytes of the function's context.
  var byteCount: UInt64 = 4 << 20
  /// Of a device's firmware: it takes images of its own generation and older ones.
  var firmware: UInt32 = 1
  /// Abilities that the firmware has, and that an image needs.
  var capabilities: UInt64 = 0xff
  /// Whether the driver saves the stopped device in pieces (`migration_in_chunks`).
  var usesChunks = false
  /// Whether the first record tells how large the rest will be, as it does from about Linux 6.3 on.
  var announcesSize = true
  /// How many bytes change while 100 are read from the running device.
  var dirtyPercentage = 0
  /// The most that the host's kernel can allocate for one image.
  var hostByteCount: UInt64 = 8 << 30
  var seed: UInt64 = 0

  /// The first thing that is wrong with the settings.
  var defect: String? {
    let limit: UInt64 = usesChunks ? 64 << 30 : format == .raw ? 500 << 20 : 3 << 30
    if !(1...limit).contains(byteCount) {
      return "expected a size of 1 byte to \(limit >> 20) MiB, found \(byteCount)"
    }
    if usesChunks, format == .raw { return "expected no chunks of raw images" }
    if !(0...1000).contains(dirtyPercentage) {
      return "expected 0 % to 1000 % dirty, found \(dirtyPercentage) %"
    }
    return nil
  }

  /// Without records there is only one image, and a first one that is complete must be one record.
  var hasPreCopy: Bool { format == .tagged && byteCount <= 3 << 30 }
}
