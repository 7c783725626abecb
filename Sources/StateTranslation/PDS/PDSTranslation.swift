import Devices
import StateLayout

extension DriverFamily {
  static let pds = DriverFamily(
    driver: "pds_vfio_pci",
    translations: [PDSTranslation()],
    meanings: [
      ErrnoMeaning(.load, nil, "the firmware refused the state")
    ])
}

/// pds between the same kind of device with the same firmware: the state is the firmware's own.
struct PDSTranslation: Translation {
  var source: String { "pds" }
  var target: String { "pds" }
  var summary: String { "nothing is rewritten; the device and its firmware must be the same" }
  var facts: [String] { ["pci.vendor", "pci.device", "firmware"] }

  func translate(
    _ tree: LayoutTree, to layout: Layout, _ run: inout TranslationRun
  ) throws(LayoutError) -> LayoutTree {
    run.matchIdentity()
    run.matchFirmware()
    return tree
  }
}
