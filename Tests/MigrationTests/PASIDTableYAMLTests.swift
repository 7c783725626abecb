import DeviceTestSupport
import Migration
import MigrationStream
import TestSupport
import Testing
import YAMLReader

@Suite struct PASIDTableYAMLTests {
  private func table(_ text: String) throws(YAMLError) -> PASIDTable {
    try PASIDTable(yaml: YAMLNode(parsing: Array(text.utf8)))
  }

  static let good: [(String, PASIDTable)] = [
    ("domains: []\nbindings: []\n", PASIDTable()),
    ("domains: []", PASIDTable()),
    ("{\"domains\":[{\"id\":3}]}", PASIDTable(domains: [.init(id: 3)])),
    (
      """
      # A guest with its own page table for one process.
      domains:
        - { id: 0, kind: address-space, faults: none }
        - id: 4294967295
          kind: nested
          type: 1
          data: "00 f0 AB"
          faults: queue
      bindings:
        - { pasid: 0, domain: 0 }
        - { pasid: 0xfffff, domain: 4294967295, permissions: [privileged, execute] }
      """,
      PASIDTable(
        domains: [
          .init(id: 0),
          .init(
            id: .max, kind: .nested(dataType: 1, data: [0x00, 0xf0, 0xab]), faults: .queue),
        ],
        bindings: [
          .init(pasid: 0, domain: 0),
          .init(pasid: 0xf_ffff, domain: .max, permissions: [.execute, .privileged]),
        ])
    ),
  ]

  @Test(arguments: good) func isRead(text: String, expected: PASIDTable) throws {
    let table = try table(text)
    #expect(table == expected)
    #expect(try self.table(table.yaml) == table)
  }

  static let bad: [(String, String)] = [
    ("", "1:1"),
    ("[]", "1:1"),
    ("bindings: []", "1:1"),
    ("domains: 5", "1:10"),
    ("domains: []\nbinding: []", "2:1"),
    ("domains: []\ndomains: []", "2:1"),
    ("domains:\n  - id: 0\n  - id: 0\n", "1:1"),
    ("domains:\n  - kind: nested\n", "2:5"),
    ("domains:\n  - id: -1\n", "2:9"),
    ("domains:\n  - id: 4294967296\n", "2:9"),
    ("domains:\n  - id: \"1\"\n", "2:9"),
    ("domains:\n  - { id: 0, kind: flat }\n", "2:20"),
    ("domains:\n  - { id: 0, kind: nested }\n", "2:5"),
    ("domains:\n  - { id: 0, type: 1 }\n", "2:20"),
    ("domains:\n  - { id: 0, kind: address-space, data: \"00\" }\n", "2:41"),
    ("domains:\n  - { id: 0, kind: nested, type: 1, data: \"0\" }\n", "2:43"),
    ("domains:\n  - { id: 0, kind: nested, type: 1, data: \"0g\" }\n", "2:43"),
    ("domains:\n  - { id: 0, kind: nested, type: 1, data: \"0 0\" }\n", "2:43"),
    ("domains:\n  - { id: 0, kind: nested, type: 1, data: \"\u{ff10}\u{ff11}\" }\n", "2:43"),
    ("domains:\n  - { id: 0, faults: maybe }\n", "2:22"),
    ("domains: [{ id: 0 }]\nbindings: [{ pasid: 1 }]\n", "2:12"),
    ("domains: [{ id: 0 }]\nbindings: [{ pasid: 1048576, domain: 0 }]\n", "2:21"),
    ("domains: [{ id: 0 }]\nbindings: [{ pasid: 1, domain: 1 }]\n", "2:12"),
    (
      "domains: [{ id: 0 }]\nbindings:\n  - { pasid: 1, domain: 0 }\n  - { pasid: 1, domain: 0 }\n",
      "4:5"
    ),
    ("domains: [{ id: 0 }]\nbindings: [{ pasid: 1, domain: 0, permissions: [read] }]\n", "2:49"),
    ("domains: [{ id: 0 }]\nbindings: [{ pasid: 1, domain: 0, permissions: execute }]\n", "2:48"),
    ("domains: &a []\nbindings: *a\n", "1:10"),
    ("domains: [\n", "2:1"),
  ]

  @Test(arguments: bad) func isRefusedWithItsPlace(text: String, place: String) throws {
    let error = #expect(throws: YAMLError.self) { try table(text) }
    #expect(error.map { "\($0.mark)" } == place, "\(error?.description ?? "no error")")
  }
}
