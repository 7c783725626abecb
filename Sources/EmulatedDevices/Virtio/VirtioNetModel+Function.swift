import ByteIO
import Devices
import VirtualPCI

extension VirtioNetModel {
  /// The function's place for each structure: common configuration, interrupt status, the device's
  /// own, doorbells.
  static func function(_ settings: VirtioNetSettings) -> EmulatedFunction {
    let half: UInt64 = UInt64(16 * settings.vectorCount)
    var table: UInt64 = 4096
    while table / 2 < half { table *= 2 }
    return EmulatedFunction(
      ProfileIdentity(
        vendor: 0x1af4, device: 0x1041, subsystemVendor: 0x1af4, subsystemDevice: 0x1041,
        classCode: 0x02_0000, revision: 1),
      bars: [
        ProfileBAR(
          index: settings.bar, kind: .mem64, isPrefetchable: true, size: 512 << 10),
        ProfileBAR(index: settings.bar == 0 ? 2 : 1, kind: .mem32, size: table),
      ].sorted { $0.index < $1.index },
      interrupts: .msix(
        vectorCount: settings.vectorCount, bar: settings.bar == 0 ? 2 : 1),
      vendorCapabilities: [
        structure(1, at: 0, 4096, settings), structure(3, at: 4096, 4096, settings),
        structure(4, at: 8192, 4096, settings),
        structure(2, at: 0x4_0000, 0x4_0000, settings, multiplier: 4),
      ])
  }

  /// `struct virtio_pci_cap` behind the capability's header (VIRTIO 1.4, 4.1.4).
  private static func structure(
    _ type: UInt8, at offset: UInt32, _ byteCount: UInt32, _ settings: VirtioNetSettings,
    multiplier: UInt32? = nil
  ) -> [UInt8] {
    var writer = ByteWriter()
    let length: UInt8 = multiplier == nil ? 16 : 20
    writer.append([length, type, UInt8(settings.bar), 0, 0, 0])
    writer.little(offset)
    writer.little(byteCount)
    if let multiplier { writer.little(multiplier) }
    return writer.bytes
  }
}

extension EmulatedFamily {
  static let virtioNet = EmulatedFamily(
    name: "virtio-net",
    parameters: [
      "pairs=N",
      "max-pairs=N",
      "queue-size=N",
      "features=BITS",
      "negotiated=BITS",
      "feature-words=N",
      "notify-base=N",
      "notify-stride=N",
      "notify-data=N",
      "vectors=N",
      "max-addresses=N",
      "bar=0|2|4",
      "precopy=no",
      "refresh=N",
      "ready=no",
      "seed=N",
    ],
    summary: "a virtio network function of some vendor, provisioned with so many queue pairs",
    samples: [
      "pairs=8&queue-size=512&vectors=20",
      "pairs=8&max-pairs=32&queue-size=1024&vectors=40&feature-words=2&features=0x10530cf99a7",
      "pairs=2&queue-size=128&vectors=8",
    ]
  ) { (values) throws(DeviceURI.Malformed) in
    var settings = VirtioNetSettings()
    settings.features =
      try values.bits("features").map(VirtioNetSettings.Features.init) ?? settings.features
    settings.featureWordCount = try values.number("feature-words", in: 1...4) ?? 1
    settings.negotiated = try values.bits("negotiated").map(VirtioNetSettings.Features.init)
    settings.pairCount = try values.number("pairs", in: 1...2048) ?? settings.pairCount
    settings.pairLimit =
      try values.number("max-pairs", in: 1...2048) ?? max(settings.pairCount, 4)
    settings.queueSize = try values.number("queue-size", in: 1...32768) ?? settings.queueSize
    settings.notifyBase = try values.number("notify-base", in: 0...0x7fff) ?? 0
    settings.notifyStride = try values.number("notify-stride", in: 0...8) ?? 1
    settings.notifyData = try values.number("notify-data", in: 0...0x7fff) ?? 0
    settings.vectorCount =
      try values.number("vectors", in: 1...2048) ?? min(settings.queueCount + 1, 2048)
    settings.addressLimit =
      try values.number("max-addresses", in: 0...4096) ?? settings.addressLimit
    settings.bar = try values.choice("bar", [("0", 0), ("2", 2), ("4", 4)]) ?? settings.bar
    settings.hasPreCopy = try values.truth("precopy") ?? settings.hasPreCopy
    settings.refreshCount = try values.number("refresh", in: 0...1000) ?? settings.refreshCount
    settings.isReady = try values.truth("ready") ?? settings.isReady
    settings.seed = try values.seed()
    if let defect = settings.defect { throw values.malformed(defect) }
    return VirtioNetModel(settings)
  }
}
