import PCIConfig

/// What helps if QEMU refuses a byte of a configuration space.
struct QEMUWaysOut {
  /// The ways, the likeliest first.
  let sentences: [String]

  /// - Parameters:
  ///   - place: what the byte belongs to; nil if that is not known.
  ///   - offset: where the byte lies.
  ///   - function: how the function comes into the machine; nil if that is not known.
  init(_ place: ConfigPlace?, at offset: Int, of function: QEMUFunction?) {
    var sentences: [String] = []
    if function != .emulated { sentences += Self.ofVFIO(place, at: offset) }
    if function != .assigned { sentences += Self.ofEmulation(place, at: offset) }
    if function != .emulated {
      sentences += [
        "show guests a profile that both devices can carry, with a VMM that takes one: ferry pci derive "
          + "SOURCE DESTINATION -o profile.yaml",
        "give a stream in a file a record that the destination takes: ferry qemu replace",
      ]
    }
    if function != .assigned {
      sentences.append(
        "start the destination with the source's machine type (-machine) and this device's properties"
      )
    }
    self.sentences = sentences
  }

  private static func ofVFIO(_ place: ConfigPlace?, at offset: Int) -> [String] {
    switch place?.capability?.id {
    case .vendorSpecific:
      return [
        "skip-vsc-check=on of vfio-pci, as machines 9.1 and newer have it, leaves these bytes out"
      ]
    case .msix:
      return [
        "give both devices as many vectors; x-msix-relocation of vfio-pci moves the table"
      ]
    case .powerManagement:
      return ["QEMU 10.0 and newer show a power state of their own"]
    default: break
    }
    switch offset {
    case 0..<4:
      return [
        "x-pci-vendor-id and x-pci-device-id of vfio-pci show other ids; the state of "
          + "another product does not fit all the same"
      ]
    case 9..<12: return ["x-pci-class-code of vfio-pci shows another class"]
    case 0x10..<0x28:
      return ["take a device whose BARs have the kinds of the source's and are not larger"]
    default: return []
    }
  }

  private static func ofEmulation(_ place: ConfigPlace?, at offset: Int) -> [String] {
    switch place?.register?.name {
    case "SltSta":
      return [
        "give the slot the same device on both sides, hot-plugged and unplugged ones too",
        "QEMU 8.1 and newer do not compare whether a slot is taken",
      ]
    case "SltCap", "SltCtl":
      return ["set slot, hotplug and power_controller_present of the port, as at the source"]
    case "LnkCap", "LnkCap2", "LnkCtl2":
      return ["set x-speed and x-width of the port, as at the source"]
    default: break
    }
    if place?.capability?.id == .msix || offset == 0x34 || offset == 6 {
      return [
        "set vectors, msi and others that add a capability or a vector, as at the source"
      ]
    }
    if (0x10..<0x28).contains(offset) {
      return ["set what makes a BAR larger (queues, features, memory), as at the source"]
    }
    return []
  }
}
