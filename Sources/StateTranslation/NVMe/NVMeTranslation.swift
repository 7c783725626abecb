import ByteIO
import StateLayout

/// NVMe controller state between controllers, and between the specification's packing and the one
/// proposed for Linux.
///
/// Queues keep their addresses, identifiers, heads and tails; only the packing changes. A vendor's
/// own part means something to that vendor's controllers alone.
struct NVMeTranslation: Translation {
  enum Packing: String, CaseIterable {
    case specification = "nvme-tp4159"
    case linux = "nvme-linux-rfc"
  }

  let from: Packing
  let to: Packing

  static let all: [any Translation] = Packing.allCases.flatMap { from in
    Packing.allCases.map { NVMeTranslation(from: from, to: $0) }
  }

  var source: String { from.rawValue }
  var target: String { to.rawValue }
  var summary: String {
    let queues = "the queues must fit the target, and a vendor's own part be of the same vendor"
    return from == to
      ? "nothing is rewritten; \(queues)"
      : "the packing, which has interrupt vectors in one form only; \(queues)"
  }
  var facts: [String] {
    [
      "nvme.state-version", "nvme.queue-entries", "nvme.io-queues", "nvme.contiguous-queues",
      "nvme.weighted-round-robin", "nvme.vendor-uuids", "msix-vectors",
    ]
  }

  private static let packingRule = TranslationRule(
    "sizes have 128 bits in the specification and 16 in the proposal, whose completion queues have no vector",
    source:
      "NVM Express Base 2.1, controller state data structure; RFC of August 2025, include/linux/nvme.h"
  )

  func translate(
    _ tree: LayoutTree, to layout: Layout, _ run: inout TranslationRun
  ) throws(LayoutError) -> LayoutTree {
    checkController(tree, &run)
    for (index, queue) in (tree["nvmecs.submission_queues"]?.items ?? []).enumerated() {
      let field = "submission_queues[\(index)]"
      check(queue, field, &run)
      checkIdentifier(queue["cqid"]?.integer, "\(field).cqid", &run)
      if let priority = queue["priority"]?.integer, priority != 0,
        let isWeighted = run.known(
          run.target.nvme?.hasWeightedArbitration, "nvme.weighted-round-robin", for: "priorities"),
        !isWeighted
      {
        run.refuse(
          "\(field).priority", found: "\(priority)", needed: "0, for the target has one class only")
      }
    }
    for (index, queue) in (tree["nvmecs.completion_queues"]?.items ?? []).enumerated() {
      let field = "completion_queues[\(index)]"
      check(queue, field, &run)
      // A controller looks at the vector, whether the queue has interrupts or not.
      guard let vector = queue["vector"]?.integer, vector != 0 else { continue }
      if let count = run.known(
        run.target.msixVectorCount, "msix-vectors", for: "interrupt vectors"),
        vector >= Int128(count)
      {
        run.refuse(
          "\(field).vector", found: "\(vector)",
          needed: "a vector below \(count), the target's number")
      }
    }
    guard from != to else { return tree }
    if let padding = tree["nvmecs.padding"]?.payload?.loadedBytes,
      padding.contains(where: { $0 != 0 })
    {
      run.refuse(
        "nvmecs.padding", found: "bytes that are not 0",
        needed: "zeros, for \(target) has no padding")
    }
    run.rewrite("nvmecss", from: source, to: target, Self.packingRule)
    return try repacked(tree, layout, &run)
  }

  private func checkController(_ tree: LayoutTree, _ run: inout TranslationRun) {
    run.match("ver", tree.integer("ver"), "nvme.state-version", run.target.nvme?.stateVersion)
    if let attributes = tree.integer("csattr"), attributes & 1 == 0 {
      run.refuse(
        "csattr", found: "a controller that was running", needed: "one that was suspended (bit 0)")
    }
    for name in ["submission_queues", "completion_queues"]
    where isElided(tree["nvmecs.\(name)"]) {
      run.refuseMany("nvmecs.\(name)", found: "more queues than are kept", needed: "at most 4096")
    }
    guard let vendor = tree["vendor_specific"]?.payload, vendor.byteCount > 0 else { return }
    let uuids = run.source.nvme?.vendorUUIDs ?? []
    guard !uuids.isEmpty || run.target.nvme?.vendorUUIDs == [] else {
      return run.refuse(
        "vendor_specific", found: "\(vendor.byteCount) bytes",
        needed:
          "none, or the UUID of their vendor among the facts of the source (nvme.vendor-uuids)",
        unlessKnown: "nvme.vendor-uuids (source)")
    }
    guard
      let known = run.known(
        run.target.nvme?.vendorUUIDs, "nvme.vendor-uuids", for: "vendor_specific")
    else { return }
    guard !known.isEmpty else {
      return run.refuse(
        "vendor_specific",
        found: "\(vendor.byteCount) bytes" + (uuids.first.map { " of \($0)" } ?? ""),
        needed: "none, for the target has no vendor's own state")
    }
    // Which of several formats the state has it does not say.
    let taken = Set(known.map { $0.lowercased() })
    for uuid in uuids where !taken.contains(uuid.lowercased()) {
      run.refuse(
        "vendor_specific", found: "\(vendor.byteCount) bytes of \(uuid)",
        needed: "one of the target's vendors: \(known.joined(separator: ", "))")
    }
  }

  private func isElided(_ node: LayoutNode?) -> Bool {
    if case .list(let items)? = node?.content { items.elidedCount > 0 } else { false }
  }

  // MARK: Queues

  private func check(_ queue: LayoutNode, _ field: String, _ run: inout TranslationRun) {
    checkIdentifier(queue["qid"]?.integer, "\(field).qid", &run)
    // A size counts from 0.
    if let size = queue["qsize"]?.integer,
      let limit = run.known(
        run.target.nvme?.queueEntryLimit, "nvme.queue-entries", for: "queue sizes"),
      size + 1 > Int128(limit)
    {
      run.refuse(
        "\(field).qsize", found: "\(size + 1) entries",
        needed: "at most \(limit), the target's limit")
    }
    if queue["contiguous"]?.integer == 0,
      let mustBe = run.known(
        run.target.nvme?.requiresContiguousQueues, "nvme.contiguous-queues", for: "scattered queues"
      ),
      mustBe
    {
      run.refuse(
        "\(field).contiguous", found: "a queue in scattered pages",
        needed: "a contiguous one, which the target requires (CQR)")
    }
  }

  private func checkIdentifier(
    _ identifier: Int128?, _ field: String, _ run: inout TranslationRun
  ) {
    guard let identifier,
      let count = run.known(
        run.target.nvme?.queueCount, "nvme.io-queues", for: "queue identifiers"),
      identifier > Int128(count)
    else { return }
    run.refuse(
      field, found: "\(identifier)", needed: "at most \(count), the target's number of I/O queues")
  }

  // MARK: Packing

  /// The same fields in the other packing; sizes are the layout's to compute.
  private func repacked(
    _ tree: LayoutTree, _ layout: Layout, _ run: inout TranslationRun
  ) throws(LayoutError) -> LayoutTree {
    var fields = ["csattr", "reserved"].compactMap { tree[$0] }
    if to == .specification {
      fields += [LayoutNode("nvmecss_high", 0), LayoutNode("vss_high", 0)]
    }
    var state = ["niosq", "niocq", "reserved", "submission_queues"].compactMap {
      tree["nvmecs.\($0)"]
    }
    var queues = tree["nvmecs.completion_queues"]?.items ?? []
    for index in queues.indices {
      queues[index] = repacked(queues[index], "completion_queues[\(index)]", &run)
    }
    state.append(LayoutNode("completion_queues", items: queues))
    if to == .linux { state.append(LayoutNode("padding", bytes: [])) }
    fields.append(LayoutNode("nvmecs", fields: state))
    fields.append(
      LayoutNode("vendor_specific", .bytes(tree["vendor_specific"]?.payload ?? Payload())))
    return LayoutTree(composing: LayoutNode(layout.id, fields: fields), by: layout)
  }

  /// A completion queue with or without an interrupt vector, which the proposal has no room for.
  private func repacked(
    _ queue: LayoutNode, _ field: String, _ run: inout TranslationRun
  ) -> LayoutNode {
    let names = [
      "prp1", "qsize", "qid", "head", "tail", "contiguous", "interrupts_enabled", "phase",
      "reserved_attributes",
    ]
    var fields = names.compactMap { queue[$0] }
    let usesInterrupts = queue["interrupts_enabled"]?.integer == 1
    if to == .specification {
      if usesInterrupts {
        run.refuse(
          "\(field).interrupts_enabled", found: "interrupts, without their vector",
          needed: "a queue without interrupts, since \(source) has no vector to go on")
      }
      fields.append(LayoutNode("vector", 0))
    } else if let vector = queue["vector"]?.integer, usesInterrupts || vector != 0 {
      run.refuse(
        "\(field).vector", found: "\(vector)",
        needed: "a queue without interrupts, since \(target) has no room for a vector")
    }
    if let reserved = queue["reserved"] { fields.append(reserved) }
    return LayoutNode(queue.name, fields: fields)
  }
}
