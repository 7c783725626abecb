import StateLayout

/// igb between virtual functions whose devices have one structure. A device of registers alone
/// takes its own number only; the other moves the state itself.
struct IgbTranslation: Translation {
  /// The bytes of a structure of registers alone.
  private static let registersByteCount = 528

  var source: String { "igb" }
  var target: String { "igb" }
  var summary: String {
    "nothing is rewritten; the device must be the same, and its structure of one length"
  }
  var facts: [String] { ["pci.vendor", "pci.device", "igb.state-bytes", "igb.vf"] }

  func translate(
    _ tree: LayoutTree, to layout: Layout, _ run: inout TranslationRun
  ) throws(LayoutError) -> LayoutTree {
    run.matchIdentity()
    let taken = run.target.igb?.stateByteCount
    run.match("length", Int128(tree.byteCount), "igb.state-bytes", taken)
    if tree.byteCount == Self.registersByteCount, [nil, Self.registersByteCount].contains(taken) {
      run.match("vfn", tree["vfn"]?.integer, "igb.vf", run.target.igb?.virtualFunction)
    }
    return tree
  }
}
