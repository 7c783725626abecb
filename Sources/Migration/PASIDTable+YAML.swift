import ByteIO
public import MigrationStream
public import YAMLReader

extension PASIDTable {
  /// Reads a table from YAML (or JSON, which is YAML too), as `schemas/pasid-table.schema.json`
  /// describes it:
  ///
  ///     domains:
  ///       - { id: 0, kind: address-space }
  ///       - { id: 1, kind: nested, type: 1, data: "00f0…", faults: queue }
  ///     bindings:
  ///       - { pasid: 1, domain: 0 }
  ///       - { pasid: 2, domain: 1, permissions: [execute, privileged] }
  public init(yaml document: YAMLNode) throws(YAMLError) {
    let fields = try document.fields(["domains", "bindings"])
    self.init()
    for node in try fields.required("domains").items() { domains.append(try Domain(yaml: node)) }
    let ids = Set(domains.map(\.id))
    var pasids: Set<UInt32> = []
    for node in try fields["bindings"]?.items() ?? [] {
      let binding = try Binding(yaml: node)
      guard ids.contains(binding.domain) else {
        throw node.error(.value, "expected one of the domains, found domain \(binding.domain)")
      }
      guard pasids.insert(binding.pasid).inserted else {
        throw node.error(.value, "expected each PASID once, found \(binding.pasid) again")
      }
      bindings.append(binding)
    }
    if let defect { throw document.error(.value, "expected a consistent table: \(defect)") }
  }

  /// The table as `init(yaml:)` reads it.
  public var yaml: String {
    var text = "domains:\n"
    if domains.isEmpty { text = "domains: []\n" }
    for domain in domains { text += "  - \(domain.yaml)\n" }
    text += bindings.isEmpty ? "bindings: []\n" : "bindings:\n"
    for binding in bindings { text += "  - \(binding.yaml)\n" }
    return text
  }
}

extension PASIDTable.Domain {
  fileprivate init(yaml node: YAMLNode) throws(YAMLError) {
    let fields = try node.fields(["id", "kind", "type", "data", "faults"])
    self.init(id: try fields.required("id").integer())
    let kindNode = fields["kind"]
    switch try kindNode?.string() ?? "address-space" {
    case "address-space":
      for key in ["type", "data"] {
        if let node = fields[key] {
          throw node.error(.unknown, "expected '\(key)' only in a nested domain")
        }
      }
    case "nested":
      kind = .nested(
        dataType: try fields.required("type").integer(),
        data: try fields["data"].map { (node) throws(YAMLError) in try node.hexBytes() } ?? [])
    default:
      throw (kindNode ?? node).error(
        .value, "expected address-space or nested, found \(kindNode?.kind ?? "nothing")")
    }
    guard let faultsNode = fields["faults"] else { return }
    switch try faultsNode.string() {
    case "none": faults = .none
    case "queue": faults = .queue
    default: throw faultsNode.error(.value, "expected none or queue, found \(faultsNode.kind)")
    }
  }

  fileprivate var yaml: String {
    let tail = faults == .queue ? ", faults: queue }" : " }"
    switch kind {
    case .addressSpace: return "{ id: \(id), kind: address-space" + tail
    case .nested(let type, let data):
      return "{ id: \(id), kind: nested, type: \(type), data: \"\(hex(data))\"" + tail
    }
  }
}

extension PASIDTable.Binding {
  fileprivate init(yaml node: YAMLNode) throws(YAMLError) {
    let fields = try node.fields(["pasid", "domain", "permissions"])
    self.init(
      pasid: try fields.required("pasid").integer(in: 0...PASIDTable.maximumPASID),
      domain: try fields.required("domain").integer())
    for item in try fields["permissions"]?.items() ?? [] {
      switch try item.string() {
      case "execute": permissions.insert(.execute)
      case "privileged": permissions.insert(.privileged)
      default: throw item.error(.value, "expected execute or privileged, found \(item.kind)")
      }
    }
  }

  fileprivate var yaml: String {
    var names: [String] = []
    if permissions.contains(.execute) { names.append("execute") }
    if permissions.contains(.privileged) { names.append("privileged") }
    let tail = names.isEmpty ? " }" : ", permissions: [\(names.joined(separator: ", "))] }"
    return "{ pasid: \(pasid), domain: \(domain)" + tail
  }
}

extension YAMLNode {
  /// Bytes as pairs of hexadecimal digits; blanks between pairs do not count.
  fileprivate func hexBytes() throws(YAMLError) -> [UInt8] {
    let runs = try string().split(separator: " ")
    let digits = runs.joined().map { $0.isASCII ? $0.hexDigitValue : nil }
    guard runs.allSatisfy({ $0.count % 2 == 0 }), !digits.contains(nil) else {
      throw error(.value, "expected pairs of hexadecimal digits, found \(kind)")
    }
    return stride(from: 0, to: digits.count, by: 2).map {
      UInt8((digits[$0] ?? 0) << 4 | (digits[$0 + 1] ?? 0))
    }
  }
}
