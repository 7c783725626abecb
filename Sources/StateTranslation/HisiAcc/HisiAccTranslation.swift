import ByteIO
import StateLayout

/// hisi_acc between its two versions, and between functions that have the same.
///
/// The versions differ in the magic, in four bytes that were reserved, and in how the addresses of
/// the two event queues are computed from the queues' contexts. Version 1 takes a word too early,
/// which its own kernels never notice.
struct HisiAccTranslation: Translation {
  enum Version: String, CaseIterable {
    case first = "hisi_acc-v1"
    case second = "hisi_acc-v2"

    /// The word of a queue's context that holds the lower half of the address.
    var addressWord: Int { self == .first ? 0 : 1 }

    var rule: TranslationRule {
      TranslationRule(
        self == .first
          ? "version 1 takes the address from words 0 and 1 of the context"
          : "version 2 takes the address from words 1 and 2 of the context",
        source: "vf_qm_read_data, drivers/vfio/pci/hisilicon/hisi_acc_vfio_pci.c")
    }
  }

  let from: Version
  let to: Version

  static let all: [any Translation] = Version.allCases.flatMap { from in
    Version.allCases.map { HisiAccTranslation(from: from, to: $0) }
  }

  var source: String { from.rawValue }
  var target: String { to.rawValue }
  var summary: String {
    from == to
      ? "nothing is rewritten; the accelerator, its queues and their isolation must be the target's"
      : "magic, version and event queue addresses; the accelerator, its queues and their isolation "
        + "must be the target's"
  }
  var facts: [String] { ["pci.device", "hisi_acc.qp-num", "hisi_acc.que-iso-cfg"] }

  private static let versionRule = TranslationRule(
    "each version has a magic of its own, and the second a number in bytes that were reserved",
    source: "struct acc_vf_data, drivers/vfio/pci/hisilicon/hisi_acc_vfio_pci.h")

  func translate(
    _ tree: LayoutTree, to layout: Layout, _ run: inout TranslationRun
  ) throws(LayoutError) -> LayoutTree {
    run.match(
      "match.dev_id", tree.integer("match.dev_id"), "pci.device", run.target.pci?.deviceID,
      isHexadecimal: true)
    run.match(
      "match.qp_num", tree.integer("match.qp_num"), "hisi_acc.qp-num",
      run.target.hisiAcc?.queuePairCount)
    run.match(
      "match.que_iso_cfg", tree.integer("match.que_iso_cfg"), "hisi_acc.que-iso-cfg",
      run.target.hisiAcc?.queueIsolation, isHexadecimal: true)
    guard from != to else { return tree }
    var fields = [match(tree, &run)]
    if let registers = tree["registers"] { fields.append(try self.registers(registers, &run)) }
    return LayoutTree(composing: LayoutNode(layout.id, fields: fields), by: layout)
  }

  /// The magic and the major version are left to the layout, which allows one value of each.
  private func match(_ tree: LayoutTree, _ run: inout TranslationRun) -> LayoutNode {
    let kept = ["qp_num", "dev_id", "que_iso_cfg", "qp_base", "vf_qm_state"]
    var fields = (tree["match"]?.fields ?? []).filter { kept.contains($0.name) }
    run.rewrite(
      "match.acc_magic", from: "that of \(source)", to: "that of \(target)", Self.versionRule)
    if to == .first {
      if tree.integer("match.minor_ver") != 0 || !isZero(tree["match.reserved"]) {
        run.refuse(
          "match.minor_ver", found: "a minor version or reserved words that are not 0",
          needed: "0, which is all that \(target) can have")
      }
      run.rewrite("match.major_ver", from: "1", to: "0", Self.versionRule)
      fields.append(LayoutNode("reserved", bytes: Array(repeating: 0, count: 12)))
    } else {
      if !isZero(tree["match.reserved"]) {
        run.refuse(
          "match.reserved", found: "bytes 28 to 39 that are not 0",
          needed: "0, which is all that \(source) can have")
      }
      run.rewrite("match.major_ver", from: "0", to: "1", Self.versionRule)
      fields.append(LayoutNode("minor_ver", 0))
      fields.append(LayoutNode("reserved", bytes: Array(repeating: 0, count: 8)))
    }
    return LayoutNode("match", fields: fields)
  }

  private func isZero(_ node: LayoutNode?) -> Bool {
    node?.payload?.loadedBytes?.allSatisfy { $0 == 0 } ?? true
  }

  private func registers(
    _ node: LayoutNode, _ run: inout TranslationRun
  ) throws(LayoutError) -> LayoutNode {
    var node = node
    for (field, context) in [("eqe_dma", "qm_eqc_dw"), ("aeqe_dma", "qm_aeqc_dw")] {
      let path = "registers.\(field)"
      guard let stored = node[field]?.integer, let before = address(from, context, in: node),
        let after = address(to, context, in: node)
      else {
        run.refuse(path, found: "no context to compute it from", needed: context)
        continue
      }
      guard stored == before else {
        // Another value could not be had back.
        run.refuse(
          path, found: "0x\(hex(stored))",
          needed: "0x\(hex(before)), which \(source) computes from \(context)")
        continue
      }
      guard after != 0 || stored == 0 else {
        run.refuse(
          path, found: "0 as \(target) computes it from \(context)",
          needed: "an address, since a driver that finds 0 loads nothing and reports success")
        continue
      }
      guard stored != after else { continue }
      try node.set(field, to: after)
      run.rewrite(path, from: "0x\(hex(stored))", to: "0x\(hex(after))", to.rule)
    }
    return node
  }

  private func address(_ version: Version, _ context: String, in node: LayoutNode) -> Int128? {
    guard let low = word(context, version.addressWord, in: node),
      let high = word(context, version.addressWord + 1, in: node)
    else { return nil }
    return high << 32 | low
  }

  private func word(_ context: String, _ index: Int, in node: LayoutNode) -> Int128? {
    node["\(context)[\(index)]"]?.integer
  }
}
