import StateLayout
import StateTranslation

/// A state with what translates it.
struct States {
  let layout: Layout
  let target: Layout
  let facts: DeviceFacts
  let bytes: [UInt8]

  private init?(_ layout: String, to target: String, facts: DeviceFacts, _ fields: [LayoutNode]) {
    guard let layout = Layout.named(layout), let target = Layout.named(target),
      let bytes = try? LayoutTree(composing: LayoutNode(layout.id, fields: fields), by: layout)
        .encodedBytes()
    else { return nil }
    self.layout = layout
    self.target = target
    self.facts = facts
    self.bytes = bytes
  }

  /// A ready function of a HiSilicon accelerator, for the first version.
  static let hisi: @Sendable () -> States? = {
    let words = { (name: String, values: [Int]) in
      LayoutNode(name, items: values.map { LayoutNode(name, $0) })
    }
    var registers = [
      "aeq_int_mask", "eq_int_mask", "ifc_int_source", "ifc_int_mask", "ifc_int_set", "page_size",
    ].map { LayoutNode($0, 1) }
    registers += [
      words("qm_eqc_dw", [7, 0x1000, 2, 0, 0, 0, 0]),
      words("qm_aeqc_dw", [7, 0x2000, 2, 0, 0, 0, 0]), words("qm_rsv_regs", [0, 0, 0, 0, 0]),
      LayoutNode("padding", bytes: [0, 0, 0, 0]), LayoutNode("eqe_dma", 0x2_0000_1000),
      LayoutNode("aeqe_dma", 0x2_0000_2000), LayoutNode("sqc_dma", 0x3000),
      LayoutNode("cqc_dma", 0x4000),
    ]
    let match = [
      LayoutNode("qp_num", 64), LayoutNode("dev_id", 0xa251), LayoutNode("que_iso_cfg", 0),
      LayoutNode("qp_base", 0), LayoutNode("vf_qm_state", 0), LayoutNode("minor_ver", 0),
      LayoutNode("reserved", bytes: Array(repeating: 0, count: 8)),
    ]
    return States(
      "hisi_acc-v2", to: "hisi_acc-v1", facts: DeviceFacts(),
      [LayoutNode("match", fields: match), LayoutNode("registers", fields: registers)])
  }

  /// A network function of 8 queue pairs and a control queue, for a device of another vendor.
  static let virtio: @Sendable () -> States? = {
    let features = { (words: [UInt64]) in
      [LayoutNode("words", items: words.map { LayoutNode("words", $0) })]
    }
    let zeros = LayoutNode("selector", bytes: Array(repeating: 0, count: 8))
    func part(_ type: Int, _ selector: LayoutNode, _ value: [LayoutNode]) -> LayoutNode {
      LayoutNode(
        "part",
        fields: [
          LayoutNode("part_type", type), LayoutNode("flags", type == 0x100 ? 1 : 0),
          LayoutNode("reserved", 0), selector, LayoutNode("value", fields: value),
        ])
    }
    func queue(_ index: Int) -> LayoutNode {
      LayoutNode(
        "queue",
        fields: [
          LayoutNode("index", index), LayoutNode("reserved", bytes: Array(repeating: 0, count: 6)),
        ])
    }
    var parts = [
      part(0x100, zeros, features([0x1_30cf_99a3])), part(0x101, zeros, features([0x1_30cf_99a3])),
      part(0x103, zeros, [LayoutNode("status", 15)]),
    ]
    for index in 0..<17 {
      parts.append(
        part(
          0x104, queue(index),
          [
            LayoutNode("queue_size", 512), LayoutNode("vector", index), LayoutNode("enabled", 1),
            LayoutNode("reserved", 0), LayoutNode("desc", 0x10000), LayoutNode("driver", 0x20000),
            LayoutNode("device", 0x30000),
          ]))
    }
    for index in 0..<17 {
      parts.append(
        part(
          0x105, queue(index),
          [
            LayoutNode("queue_notify_off", index), LayoutNode("queue_notif_config_data", 0),
            LayoutNode("reserved", 0),
          ]))
    }
    var facts = DeviceFacts()
    facts.msixVectorCount = 40
    facts.virtio = DeviceFacts.Virtio()
    facts.virtio?.deviceFeatures = [0x105_30cf_99a7, 0]
    facts.virtio?.queueCount = 17
    facts.virtio?.queueSizes = [1024]
    facts.virtio?.notifyOffsets = Array(0..<17)
    facts.virtio?.notifyData = Array(repeating: 0, count: 17)
    let record = LayoutNode(
      "records",
      fields: [
        LayoutNode("flags", 0), LayoutNode("tag", 0),
        LayoutNode("payload", fields: [LayoutNode("parts", items: parts)]),
      ])
    return States(
      "virtio", to: "virtio", facts: facts, [LayoutNode("records", items: [record])])
  }
}
