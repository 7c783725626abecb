extension ConfigSpaceDump {
  /// The devices at `slot`, which may leave out the domain if that is not ambiguous to whoever asks: `3b:00.1` also
  /// finds `0002:3b:00.1`. Nil asks for all.
  public func devices(at slot: String?) throws(PCIConfigError) -> [DumpedDevice] {
    guard let slot else { return devices }
    guard let wanted = PCIAddress(slot) else {
      throw PCIConfigError(
        .noDevice, "expected a device as [DDDD:]BB:DD.F in hexadecimal, found '\(slot)'")
    }
    let namesDomain = slot.split(separator: ":").count == 3
    let found = devices.filter { device in
      guard let address = device.address else { return false }
      return namesDomain ? address == wanted : address.isSameSlot(as: wanted)
    }
    guard !found.isEmpty else {
      let present = devices.compactMap(\.address).prefix(8).map(\.description)
      let list = present.isEmpty ? "a space without an address" : present.joined(separator: ", ")
      throw PCIConfigError(.noDevice, "expected the device \(slot), found \(list)")
    }
    return found
  }
}
