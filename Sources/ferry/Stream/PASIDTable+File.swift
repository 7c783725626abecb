import Inputs
import Migration
import MigrationStream
import StreamIO
import YAMLReader

extension PASIDTable {
  /// Reads the table in a YAML file.
  init(file path: String) throws {
    let bytes = try InputFile(path, for: .document("PASID bindings")).contents(
      limit: YAMLLimits.standard.byteCount)
    self = try FileContentError.naming(path) { try PASIDTable(yaml: YAMLNode(parsing: bytes)) }
  }
}
