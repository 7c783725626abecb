/// A state that means something to the same kind of device only: the firmware's own, or one that the device moves itself.
struct SameDeviceTranslation: Translation {
  let source: String
  var target: String { source }
  var summary: String { "nothing is rewritten; the device must be the same" }
  var facts: [String] { ["pci.vendor", "pci.device", "firmware"] }

  static let all: [any Translation] = ["pds", "igb"].map { SameDeviceTranslation(source: $0) }

  func translate(
    _ tree: LayoutTree, to layout: Layout, _ run: inout TranslationRun
  ) throws(LayoutError) -> LayoutTree {
    run.matchIdentity()
    if source == "pds" { run.matchFirmware() }
    return tree
  }
}
