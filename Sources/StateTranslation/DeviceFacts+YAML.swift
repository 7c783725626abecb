public import YAMLReader

extension DeviceFacts {
  /// Reads facts from YAML (or JSON, which is YAML too), as `schemas/device-facts.schema.json`
  /// describes it:
  ///
  ///     driver: virtio_vfio_pci
  ///     layouts: [virtio]
  ///     pci: { vendor: 0x1af4, device: 0x1041 }
  ///     msix-vectors: 18
  ///     virtio:
  ///       device-features: 0x10130bf8024
  ///       num-queues: 17
  ///       queue-sizes: 1024
  public init(yaml document: YAMLNode) throws(YAMLError) {
    try self.init(yamlFields: document)
  }

  /// Reads facts from a text.
  public init(parsing text: [UInt8]) throws(YAMLError) {
    try self.init(yaml: YAMLNode(parsing: text))
  }

  /// The facts as `init(yaml:)` reads them.
  public var yaml: String {
    let lines = yamlLines
    return lines.isEmpty ? "{}\n" : lines.joined(separator: "\n") + "\n"
  }
}

extension DeviceFacts: FactGroup {
  static let fields = shared + DriverFamily.all.compactMap(\.facts).sorted { $0.key < $1.key }

  private static let shared: [FactField<DeviceFacts>] = [
    .text("driver", \.driver),
    .texts("layouts", \.layouts),
    .group("pci", \.pci),
    .text("firmware", \.firmware),
    .integer("msix-vectors", \.msixVectorCount, in: 0...2048),
  ]
}
