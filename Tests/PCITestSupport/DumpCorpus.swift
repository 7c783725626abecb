package import PCIConfig
import TestSupport

#if canImport(Glibc)
  import Glibc
#endif

/// The dumps that tests read: the project's own, and third parties' where they lie beside the
/// project.
package enum DumpCorpus {
  package static let own = [
    "qemu-nvme-pf-vfs-on.txt", "qemu-nvme-vf0.txt", "qemu-virtio-net-ats.txt",
  ]
  .map { Corpus.root + "/corpora/configspace/" + $0 }

  /// Not the project's to copy; empty if they are absent.
  package static let thirdParty: [String] = {
    let folder = Corpus.root + "/../shared/corpora/configspace"
    return names(in: folder).filter { $0.hasSuffix(".txt") && !$0.hasPrefix("qemu-") }
      .map { folder + "/" + $0 }
  }()

  package static let all = own + thirdParty

  package static func devices(_ path: String) throws -> [DumpedDevice] {
    try ConfigSpaceDump(parsing: Corpus.contents(path)).devices
  }

  private static func names(in folder: String) -> [String] {
    guard let stream = opendir(folder) else { return [] }
    defer { closedir(stream) }
    var names: [String] = []
    while let entry = readdir(stream) {
      names.append(
        withUnsafePointer(to: &entry.pointee.d_name) {
          $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
        })
    }
    return names.sorted()
  }
}
