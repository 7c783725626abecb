import TestSupport
import YAMLReader

/// The sizes, offsets and numbers in Data/vfio-iommufd-abi.json, as measured on two releases of
/// Linux.
struct KernelABI {
  struct Structure: Sendable {
    var byteCount: Int
    var fields: [String: (offset: Int, byteCount: Int)]
  }

  /// By the kernel's names; those of Linux 7.1 where they differ from 6.12's.
  var structures: [String: Structure] = [:]
  /// The same as they are in 6.12.
  var older: [String: Structure] = [:]
  var constants: [String: Int] = [:]

  static let measured: KernelABI? = try? KernelABI()

  private init() throws {
    let path = Corpus.root + "/Tests/VFIOTests/Data/vfio-iommufd-abi.json"
    let root = try YAMLNode(parsing: try Corpus.contents(path))
    try add(root)
    older = structures
    for entry in try root.entries() where entry.key == "linux_7_1" { try add(entry.value) }
  }

  private mutating func add(_ node: YAMLNode) throws {
    for entry in try node.entries() {
      switch entry.key {
      case "structs":
        for structure in try entry.value.entries() {
          structures[structure.key] = try Self.structure(structure.value)
        }
      case "constants":
        for constant in try entry.value.entries() {
          constants[constant.key] = try constant.value.integer()
        }
      default: break
      }
    }
  }

  private static func structure(_ node: YAMLNode) throws -> Structure {
    let parts = try node.fields(["size", "fields"])
    var fields: [String: (Int, Int)] = [:]
    for entry in try parts.required("fields").entries() {
      let place = try entry.value.fields(["offset", "size"])
      fields[entry.key] = (
        try place.required("offset").integer(), try place.required("size").integer()
      )
    }
    return Structure(byteCount: try parts.required("size").integer(), fields: fields)
  }
}
