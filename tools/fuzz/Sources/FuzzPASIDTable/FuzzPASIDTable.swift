import FuzzSupport
import Migration
import MigrationStream
import YAMLReader

/// The entry point of libFuzzer.
///
/// An input is the text of a PASID table. What must hold: no crash; a table that is accepted is
/// consistent, and comes back from the writer.
@c(LLVMFuzzerTestOneInput)
public func fuzzPASIDTable(bytes: UnsafePointer<UInt8>?, count: Int) -> CInt {
  guard let bytes, count > 0 else { return -1 }
  let text = [UInt8](UnsafeBufferPointer(start: bytes, count: count))
  guard let node = try? YAMLNode(parsing: text), let table = try? PASIDTable(yaml: node) else {
    return 0
  }
  require(table.defect == nil, "a table that is accepted has no defect")
  let again = (try? YAMLNode(parsing: [UInt8](table.yaml.utf8))).flatMap {
    try? PASIDTable(yaml: $0)
  }
  require(again == table, "written again, the table is another:\n\(table.yaml)")
  return 0
}
