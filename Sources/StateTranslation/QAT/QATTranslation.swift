import ByteIO
import StateLayout

extension TranslationLoss {
  /// The service level agreements are left out, and with them the guarantee that the target keeps
  /// to them.
  public static let serviceLevels = TranslationLoss(
    "drop-slas",
    "qat: leave the service level agreements out; the target is not held to their rates")
}

/// QAT between virtual functions, of one generation or of two that have the same capabilities.
///
/// Service level agreements name ring pairs by their number in the physical function, so they move
/// with the virtual function. Capabilities are compared and never rewritten.
struct QATTranslation: Translation {
  var source: String { "qat" }
  var target: String { "qat" }
  var summary: String {
    "ring pairs of service level agreements; capabilities must be the target's too, and the service "
      + "map the same"
  }
  var facts: [String] { ["qat.vf", "qat.gencap", "qat.extdc", "qat.svcmap", "qat.slas"] }
  var losses: [TranslationLoss] { [.serviceLevels] }

  private static let ringPairsPerFunction = 4
  private static let maskRule = TranslationRule(
    "an agreement names ring pairs of the physical function, four for each virtual one",
    source: "struct adf_gen4_vfmig, drivers/crypto/intel/qat/qat_common/adf_gen4_vf_mig.c")

  func translate(
    _ tree: LayoutTree, to layout: Layout, _ run: inout TranslationRun
  ) throws(LayoutError) -> LayoutTree {
    var tree = tree
    check(tree, &run)
    if let path = section("state", "GENER", "sla", in: tree) {
      try rewriteLevels(at: path, in: &tree, &run)
    }
    return tree
  }

  // MARK: Sections, which are found by their names

  /// The path of a section in a section of a blob.
  private func section(_ blob: String, _ outer: String, _ inner: String, in tree: LayoutTree)
    -> String?
  {
    child(outer, of: "\(blob).body", in: tree).flatMap {
      child(inner, of: "\($0).children", in: tree)
    }
  }

  private func child(_ name: String, of path: String, in tree: LayoutTree) -> String? {
    tree["\(path).sections"]?.items.firstIndex { $0["id"]?.text == name }
      .map { "\(path).sections[\($0)]" }
  }

  private func value(_ name: String, in tree: LayoutTree) -> Int128? {
    section("setup", "CONFIG", name, in: tree).flatMap { tree.integer("\($0).value.value") }
  }

  // MARK: Facts

  /// What the state tells of its device. Agreements that a state has its device has too.
  func facts(of tree: LayoutTree) -> DeviceFacts.QAT {
    var facts = DeviceFacts.QAT()
    facts.capabilities = value("gencap", in: tree).flatMap { UInt64(exactly: $0) }
    facts.compressionCapabilities = value("extdc", in: tree).flatMap { UInt64(exactly: $0) }
    facts.serviceMap = value("svcmap", in: tree).flatMap { UInt64(exactly: $0) }
    guard let path = section("state", "GENER", "sla", in: tree) else { return facts }
    let entries = tree["\(path).value.entries"]?.items ?? []
    facts.serviceLevels = entries.map { entry in
      func value<Value: FixedWidthInteger>(_ field: String) -> Value {
        Value(truncatingIfNeeded: entry[field]?.integer ?? 0)
      }
      return .init(
        service: value("srv"), ringPairs: value("rp_mask"), committedRate: value("cir"),
        peakRate: value("pir"))
    }
    facts.virtualFunction = Self.virtualFunction(of: entries)
    return facts
  }

  // MARK: Checks

  private func check(_ tree: LayoutTree, _ run: inout TranslationRun) {
    let facts = run.target.qat
    for (name, known) in [
      ("gencap", facts?.capabilities), ("extdc", facts?.compressionCapabilities),
    ] {
      guard let found = value(name, in: tree),
        let known = run.known(known, "qat.\(name)", for: "CONFIG.\(name)")
      else { continue }
      let missing = found & ~Int128(known)
      guard missing != 0 else { continue }
      run.refuse(
        "CONFIG.\(name)", found: "0x\(hex(found))",
        needed: "capabilities within 0x\(hex(known)), the target's; it lacks 0x\(hex(missing))")
    }
    run.match(
      "CONFIG.svcmap", value("svcmap", in: tree), "qat.svcmap", facts?.serviceMap,
      isHexadecimal: true)
    guard let banks = child("ETRBAR", of: "state.body", in: tree) else { return }
    for (index, bank) in (tree["\(banks).children.sections"]?.items ?? []).enumerated() {
      for registers in bank["children.sections"]?.items ?? [] {
        guard let exception = registers["value.ringexpstat"]?.integer, exception != 0 else {
          continue
        }
        run.refuse(
          "ETRBAR.bnk\(index).ringexpstat", found: "0x\(hex(exception))",
          needed:
            "0: the driver restores only a part of a bank with an exception, and reports success")
      }
    }
  }

  // MARK: Service level agreements

  private func rewriteLevels(
    at path: String, in tree: inout LayoutTree, _ run: inout TranslationRun
  ) throws(LayoutError) {
    let entries = tree["\(path).value.entries"]?.items ?? []
    guard !entries.isEmpty else { return }
    let function = virtualFunction(of: entries, &run)
    let wanted = run.known(
      run.target.qat?.virtualFunction, "qat.vf", for: "the ring pairs of GENER.sla")
    var reasons: [(field: String, found: String, needed: String)] = []
    var masks: [(path: String, old: UInt64, new: UInt64)] = []
    let offered = run.known(run.target.qat?.serviceLevels, "qat.slas", for: "GENER.sla")
    for (index, entry) in entries.enumerated() {
      let field = "GENER.sla[\(index)]"
      guard let mask = entry["rp_mask"]?.integer.flatMap({ UInt64(exactly: $0) }) else { continue }
      var moved = mask
      if let wanted {
        guard let function else {
          reasons.append(
            (
              "\(field).rp_mask", "0x\(hex(mask))",
              "ring pairs of this virtual function alone, for those of others do not move with it"
            ))
          continue
        }
        moved = (mask >> UInt64(4 * function)) << UInt64(Self.ringPairsPerFunction * wanted)
        if moved != mask { masks.append(("\(path).value.entries[\(index)].rp_mask", mask, moved)) }
      }
      guard let offered else { continue }
      let service = entry["srv"]?.integer ?? 0
      let (committed, peak) = (entry["cir"]?.integer ?? 0, entry["pir"]?.integer ?? 0)
      let isMet = offered.contains {
        Int128($0.service) == service && $0.ringPairs == moved
          && committed <= Int128($0.committedRate) && peak <= Int128($0.peakRate)
      }
      if !isMet {
        reasons.append(
          (
            field, "service \(service) on ring pairs 0x\(hex(moved)) at \(committed) to \(peak)",
            "an agreement of the target for the same ring pairs with at least these rates"
          ))
      }
    }
    if !reasons.isEmpty, run.allowed.contains(.serviceLevels) {
      _ = run.accept(
        .serviceLevels, at: "GENER.sla", losing: "\(entries.count) agreements", needed: "")
      try tree.root.update("\(path).value.entries") { (node) throws(LayoutError) in
        node.content = .list(LayoutNode.Items([]))
      }
      return
    }
    for reason in reasons {
      run.refuse(reason.field, found: reason.found, needed: reason.needed, loss: .serviceLevels)
    }
    for mask in masks {
      try tree.set(mask.path, to: mask.new)
      run.rewrite(
        "GENER.sla.rp_mask", from: "0x\(hex(mask.old))", to: "0x\(hex(mask.new))", Self.maskRule)
    }
  }

  /// The number of the virtual function, told by the ring pairs of its agreements; nil if an
  /// agreement names ring pairs of others too.
  private func virtualFunction(of entries: [LayoutNode], _ run: inout TranslationRun) -> Int? {
    let told = Self.virtualFunction(of: entries)
    guard let known = run.source.qat?.virtualFunction else { return told }
    return told == known ? told : nil
  }

  private static func virtualFunction(of entries: [LayoutNode]) -> Int? {
    var functions: Set<Int> = []
    for entry in entries {
      // In one expression, the optimizer of Swift 6.3.1 fails on it.
      let value = entry["rp_mask"]?.integer ?? 0
      guard let mask = UInt64(exactly: value), mask != 0 else { return nil }
      let function = mask.trailingZeroBitCount / ringPairsPerFunction
      guard mask >> UInt64(4 * function) <= 0xf else { return nil }
      functions.insert(function)
    }
    return functions.count == 1 ? functions.first : nil
  }
}
