import MigrationStream

extension StreamBuilder {
  /// A stream with up to four devices, records of every kind, and state of every encoding.
  public static func random(using random: inout SplitMix64) -> StreamBuilder {
    var builder = StreamBuilder()
    builder.information = StreamInformation(
      producer: "test", kernelRelease: Bool.random(using: &random) ? "6.12.117" : nil,
      machine: "x86_64", time: .random(in: 0...UInt64.max, using: &random))
    builder.devices = (0..<Int.random(in: 0...4, using: &random)).map { _ in
      .random(using: &random)
    }
    for _ in 0..<Int.random(in: 0...2, using: &random) where !builder.devices.isEmpty {
      builder.unknown.append(
        OptionalRecord(
          type: RecordType(rawValue: .random(in: 10...255, using: &random)),
          device: Bool.random(using: &random)
            ? nil : UInt16.random(in: 0..<UInt16(builder.devices.count), using: &random),
          payload: random.bytes(.random(in: 0...50, using: &random))))
    }
    for device in 0..<UInt16(builder.devices.count) {
      for phase in StateChunk.Phase.allCases {
        for iteration in 0..<UInt32.random(in: 0...2, using: &random) {
          builder.pieces.append(
            Piece(
              device: device,
              context: StateChunk.Context(
                phase: phase, iteration: iteration, flags: .random(using: &random)),
              bytes: random.state(.random(in: 0...150_000, using: &random))))
        }
      }
    }
    return builder
  }
}

extension StreamBuilder.Device {
  fileprivate static func random(using random: inout SplitMix64) -> Self {
    var device = Self()
    device.identity = DeviceIdentity(
      name: Bool.random(using: &random) ? "0000:3b:00.1" : nil, driver: "mtty",
      pci: DeviceIdentity.PCIIdentity(
        vendorID: 0x4348, deviceID: 0x3253, subsystemVendorID: 1, subsystemID: 2,
        classCode: 0x07_0002, revisionID: 0x10))
    device.identity.migrationFlags = 7
    device.identity.regions = (0..<9).map {
      DeviceIdentity.Region(index: $0, flags: 3, byteCount: .random(in: 0...4096, using: &random))
    }
    if Bool.random(using: &random) {
      let image = random.bytes([255, 256, 4096].randomElement(using: &random) ?? 256)
      device.configuration = ConfigurationRecord(
        physical: image, synthesized: image, emulatedBits: image, profileName: "test.v1",
        profileDigest: Digest(algorithm: .sha256, bytes: random.bytes(32)))
    }
    if Bool.random(using: &random) {
      device.interrupts = InterruptState(
        assertedPins: 1,
        msi: InterruptState.MSI(control: 0x81, address: 0xfee0_0000, data: 0x4021),
        msix: InterruptState.MSIX(
          control: 0x8002, table: random.bytes(48), pendingBits: random.bytes(1)))
    }
    if Bool.random(using: &random) {
      device.pasids = PASIDTable(
        domains: [
          .init(id: 0),
          .init(id: 7, kind: .nested(dataType: 1, data: random.bytes(24)), faults: .queue),
        ],
        bindings: [
          .init(pasid: 1, domain: 0, permissions: [.execute]), .init(pasid: 0xf_ffff, domain: 7),
        ])
    }
    return device
  }
}

extension StateChunk.Flags {
  fileprivate static func random(using random: inout SplitMix64) -> Self {
    Self(rawValue: .random(in: 0...15, using: &random))
  }
}

extension SplitMix64 {
  /// State as devices have it: runs of one byte, tables of small numbers, random bytes.
  public mutating func state(_ count: Int) -> [UInt8] {
    switch next() % 4 {
    case 0: return [UInt8](repeating: UInt8(truncatingIfNeeded: next()), count: count)
    case 1:
      var table = [UInt8](repeating: 0, count: count)
      for start in stride(from: 16, to: count, by: 16) {
        let end = min(start + 16, count)
        table.replaceSubrange(
          start..<end,
          with: repeatElement(UInt8(truncatingIfNeeded: start / 16), count: end - start))
      }
      return table
    case 2: return bytes(count)
    default: return bytes(count, masked: 3)
    }
  }
}
