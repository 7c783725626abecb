/// The settings of an Intel graphics virtual function, and its host's share for it.
struct XeSettings: Sendable, Hashable {
  /// Of the function: Battlemage, unless said otherwise.
  var deviceID: UInt16 = 0xe20b
  var revisionID: UInt8 = 0
  /// The share of the device's memory; 0 for integrated graphics.
  var memoryByteCount: UInt64 = 64 << 20
  /// The share of the address space that the global translation table covers; 4 KiB for each entry.
  var tableByteCount: UInt64 = 4 << 20
  /// The most bytes of memory in a packet.
  var chunkByteCount: UInt64 = chunkLimit
  /// Whether there is a media engine besides the graphics engine.
  var hasMedia = true
  /// Whose driver answers.
  var kernel = Kernel.readingKeys
  var seed: UInt64 = 0

  /// Kernels whose drivers answer differently.
  enum Kernel: String, Sendable, Hashable, CaseIterable {
    /// Reads the descriptor's keys one after the other.
    case readingKeys = "7.2"
    /// Counts them first.
    case countingKeys = "7.3"
  }

  /// 512 MiB.
  static let chunkLimit: UInt64 = 512 << 20

  var engineCount: Int { hasMedia ? 2 : 1 }
  var entryCount: Int { Int(tableByteCount / 4096) }

  /// The first thing that is wrong with the settings.
  var defect: String? {
    if memoryByteCount % 4096 != 0 || memoryByteCount > 256 << 30 {
      return "expected pages of memory, at most 256 GiB, found \(memoryByteCount) bytes"
    }
    if tableByteCount % 4096 != 0 || tableByteCount > 4 << 30 || tableByteCount == 0 {
      return "expected pages of address space, at most 4 GiB, found \(tableByteCount) bytes"
    }
    if chunkByteCount == 0 || chunkByteCount > Self.chunkLimit {
      return "expected packets of at most 512 MiB, found \(chunkByteCount)"
    }
    return nil
  }
}
