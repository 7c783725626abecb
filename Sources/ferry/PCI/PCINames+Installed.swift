import ByteIO
import Glibc
import PCIConfig
import StreamIO

extension PCINames {
  private static let byteLimit = 16 << 20
  /// Where distributions put the file.
  private static let paths = ["/usr/share/misc/pci.ids", "/usr/share/hwdata/pci.ids"]

  /// The names of the file in `FERRY_PCI_IDS`, or of the one that is installed; nil if there is
  /// none, or the variable is empty.
  static func installed() throws -> PCINames? {
    // SAFETY: nothing of this process changes its environment.
    if let path = unsafe getenv("FERRY_PCI_IDS").map({ unsafe PathBytes(cString: $0).text }) {
      return path.isEmpty ? nil : try read(path)
    }
    for path in paths {
      // SAFETY: the call reads the path, whose characters outlive it.
      if unsafe access(path, R_OK) == 0 { return try read(path) }
    }
    return nil
  }

  private static func read(_ path: String) throws -> PCINames {
    PCINames(parsing: try InputFile(path: path).contents(limit: byteLimit))
  }
}
