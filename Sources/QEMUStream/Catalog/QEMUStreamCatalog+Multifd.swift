import ByteIO

extension QEMUStreamCatalog {
  /// Adds pages that came over a multifd channel to those of their block.
  public mutating func add(_ pages: RAMBlock.Pages, of block: String) {
    ram.add(pages, of: block)
  }

  /// Adds the packets of multifd channels to the device at `index` of `vfioDevices`.
  ///
  /// Throws `differentMigration` if the main channel has the device's state or configuration too:
  /// QEMU sends them over one or the other.
  ///
  /// - `configuration`: the bytes of the configuration's packet.
  /// - `prefix`: the first bytes of the packets' state.
  public mutating func add(
    _ sequence: DeviceStatePackets.Sequence, configuration: [UInt8], prefix: [UInt8],
    toDevice index: Int
  ) throws(QEMUStreamError) {
    let bytes = configuration.span.raw
    let place = (offset: sequence.configuration.offset, device: vfioDevices[index].id)
    guard vfioDevices[index].configuration == nil, vfioDevices[index].stopCopyByteCount == 0
    else {
      throw QEMUStreamError(
        .differentMigration, at: place.offset, section: place.device,
        expected: "no packets of a device whose stop-copy state or configuration the main channel "
          + "has", found: "\(sequence.state.count + 1)")
    }
    let record = try VFIOConfiguration(parsingPacket: bytes, at: place.offset, of: place.device)
    let room = VFIODeviceSummary.longestPrefix - vfioDevices[index].statePrefix.count
    vfioDevices[index].packetCount = UInt64(sequence.state.count) + 1
    vfioDevices[index].stopCopyByteCount += sequence.stateByteCount
    vfioDevices[index].configuration = record
    vfioDevices[index].configurationOffset = nil
    vfioDevices[index].statePrefix += prefix.prefix(room)
  }
}
