import StateLayout

extension TranslationLoss {
  /// The target has a port that the source had not, and it begins as after a reset.
  public static let port = TranslationLoss(
    "invent-port", "mtty: begin a port that the source had not as after a reset")
}

/// mtty between devices with another number of ports.
///
/// A port less is no loss if that port is as after a reset. A port more is an invention, which must
/// be asked for.
struct MttyTranslation: Translation {
  var source: String { "mtty" }
  var target: String { "mtty" }
  var summary: String { "the second port, where it is as after a reset or may be invented" }
  var facts: [String] { ["mtty.ports"] }
  var losses: [TranslationLoss] { [.port] }

  private static let rule = TranslationRule(
    "the header's number of ports must be the target's",
    source: "mtty_load_state, samples/vfio-mdev/mtty.c")

  private static let portRule = TranslationRule(
    "a port that was not used leaves nothing behind, and the target has no such port",
    source: "mtty_save_state, samples/vfio-mdev/mtty.c")

  func translate(
    _ tree: LayoutTree, to layout: Layout, _ run: inout TranslationRun
  ) throws(LayoutError) -> LayoutTree {
    guard case .list(var ports)? = tree["ports"]?.content,
      let wanted = run.known(run.target.mtty?.portCount, "mtty.ports", for: "header.nr_ports"),
      wanted != ports.first.count
    else { return tree }
    let found = ports.first.count
    var left: [String] = []
    while ports.first.count > wanted, let last = ports.first.popLast() {
      let path = "ports[\(ports.first.count)]"
      if isReset(last) {
        left.append(path)
      } else {
        run.refuse(
          path, found: "a port that was used",
          needed: "a port as after a reset, for the target has no such port")
      }
    }
    while ports.first.count < wanted {
      guard
        run.accept(
          .port, at: "ports[\(ports.first.count)]", losing: "no such port",
          needed: "a port in the state, for the target has \(wanted)")
      else { return tree }
      ports.first.append(Self.resetPort)
    }
    run.rewrite("header.nr_ports", from: "\(found)", to: "\(wanted)", Self.rule)
    for path in left {
      run.rewrite(path, from: "36 bytes, as after a reset", to: "none", Self.portRule)
    }
    var tree = tree
    try tree.root.update("ports") { (node) throws(LayoutError) in node.content = .list(ports) }
    return tree
  }

  /// Whether a port is as `mtty_create` leaves it; padding bytes may have any value.
  private func isReset(_ port: LayoutNode) -> Bool {
    Self.resetPort.fields.allSatisfy { wanted in
      guard !wanted.name.hasPrefix("padding"), let field = port[wanted.name] else { return true }
      return field.integer == wanted.integer
        && field.items.map(\.integer) == wanted.items.map(\.integer)
        && field.payload?.loadedBytes == wanted.payload?.loadedBytes
    }
  }

  private static let resetPort = LayoutNode(
    "port",
    fields: [
      LayoutNode("uart_reg", items: (0..<8).map { _ in LayoutNode("uart_reg", 0) }),
      LayoutNode("fifo", bytes: Array(repeating: 0, count: 16)),
      LayoutNode("head", 0), LayoutNode("tail", 0), LayoutNode("count", 0), LayoutNode("dlab", 0),
      LayoutNode("overrun", 0), LayoutNode("padding1", bytes: [0]), LayoutNode("divisor", 0),
      LayoutNode("fcr", 0), LayoutNode("max_fifo_size", 16), LayoutNode("intr_trigger_level", 0),
      LayoutNode("padding2", bytes: [0]),
    ])
}
