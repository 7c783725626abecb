import ArgumentParser
import PCIConfig

extension [BARSize] {
  /// Refuses a size that no BAR has, as one that the option `name` gives (PCIe 7.5.1.2.1).
  func validate(_ name: String) throws {
    for bar in self where bar.byteCount.nonzeroBitCount != 1 || bar.byteCount < 4 {
      throw ValidationError(
        "\(name): expected a size that is a power of two of at least 4, found \(bar.byteCount)")
    }
  }

  /// The sizes in bytes by index; what was said last counts.
  var byteCounts: [Int: UInt64] {
    Dictionary(map { ($0.index, $0.byteCount) }, uniquingKeysWith: { $1 })
  }
}
