import StateTestSupport
import StateTranslation
import TestSupport
import Testing
import YAMLReader

@Suite struct DeviceFactsTests {
  private func facts(_ text: String) throws -> DeviceFacts {
    try DeviceFacts(yaml: YAMLNode(parsing: Array(text.utf8)))
  }

  @Test func everyFactIsRead() throws {
    let facts = try facts(
      """
      driver: virtio_vfio_pci
      layouts: [virtio, hisi_acc-v2]
      pci: { vendor: 0x1af4, device: 0x1041, revision: 1 }
      firmware: "22.35"
      msix-vectors: 18
      hisi_acc: { qp-num: 8, que-iso-cfg: 0x10 }
      igb: { state-bytes: 1024, vf: 5 }
      mtty: { ports: 2 }
      nvme:
        state-version: 0
        queue-entries: 1024
        io-queues: 16
        contiguous-queues: true
        weighted-round-robin: false
        vendor-uuids: ["0a1b"]
      qat:
        vf: 3
        gencap: 0xff
        extdc: 7
        svcmap: 0x249
        slas: [{ srv: 1, rp-mask: 0xf000, cir: 10, pir: 20 }]
      virtio:
        device-features: 0x10130bf8024
        num-queues: 17
        queue-sizes: 1024
        notify-offsets: [0, 1, 2]
        notify-data: [0, 0, 0]
      xe: { ggtt-bytes: [4096], vram-bytes: [1073741824], gt-count: 2, chunk-bytes: 1048576 }
      """)
    #expect(facts.driver == "virtio_vfio_pci")
    #expect(facts.layouts == ["virtio", "hisi_acc-v2"])
    #expect(facts.pci == .init(vendorID: 0x1af4, deviceID: 0x1041, revisionID: 1))
    #expect(facts.firmware == "22.35")
    #expect(facts.msixVectorCount == 18)
    #expect(facts.hisiAcc?.queuePairCount == 8)
    #expect(facts.hisiAcc?.queueIsolation == 0x10)
    #expect(facts.igb?.stateByteCount == 1024)
    #expect(facts.igb?.virtualFunction == 5)
    #expect(facts.mtty?.portCount == 2)
    #expect(facts.nvme?.stateVersion == 0)
    #expect(facts.nvme?.queueEntryLimit == 1024)
    #expect(facts.nvme?.queueCount == 16)
    #expect(facts.nvme?.requiresContiguousQueues == true)
    #expect(facts.nvme?.hasWeightedArbitration == false)
    #expect(facts.nvme?.vendorUUIDs == ["0a1b"])
    #expect(facts.qat?.virtualFunction == 3)
    #expect(facts.qat?.capabilities == 0xff)
    #expect(facts.qat?.compressionCapabilities == 7)
    #expect(facts.qat?.serviceMap == 0x249)
    #expect(
      facts.qat?.serviceLevels
        == [.init(service: 1, ringPairs: 0xf000, committedRate: 10, peakRate: 20)])
    #expect(facts.virtio?.deviceFeatures == [0x101_30bf_8024])
    #expect(facts.virtio?.queueCount == 17)
    #expect(facts.virtio?.queueSize(of: 12) == 1024)
    #expect(facts.virtio?.notifyOffsets == [0, 1, 2])
    #expect(facts.virtio?.notifyData == [0, 0, 0])
    #expect(facts.xe?.ggttByteCounts == [4096])
    #expect(facts.xe?.vramByteCounts == [1 << 30])
    #expect(facts.xe?.graphicsCount == 2)
    #expect(facts.xe?.chunkByteCount == 1 << 20)
    #expect(try self.facts(facts.yaml) == facts)
  }

  @Test func whatIsWrittenIsReadAgain() throws {
    var facts = DeviceFacts()
    #expect(try self.facts(facts.yaml) == facts)
    facts.driver = "odd: \"name\"\n\u{7f}'#"
    facts.layouts = []
    facts.virtio = DeviceFacts.Virtio()
    facts.virtio?.deviceFeatures = [.max, 1]
    facts.qat = DeviceFacts.QAT()
    facts.qat?.serviceLevels = []
    facts.xe = DeviceFacts.Xe()
    #expect(try self.facts(facts.yaml) == facts)
  }

  @Test(arguments: [
    (
      "colour: red",
      "1:1: expected one of driver, firmware, hisi_acc, igb, layouts, msix-vectors, mtty, nvme, pci, qat, virtio, xe, found 'colour'"
    ),
    ("pci: { vendor: 65536 }", "1:16: expected an integer from 0 to 65535, found '65536'"),
    ("virtio:\n  queue-sizes: [8, 0]", "2:20: expected an integer from 1 to 32768, found '0'"),
    ("qat:\n  slas:\n    - { srv: 1 }", "3:7: expected the key 'rp-mask'"),
    ("mtty: { ports: 3 }", "1:16: expected an integer from 1 to 2, found '3'"),
    ("[]", "1:1: expected a mapping, found a sequence"),
  ])
  func aWrongFactIsNamedByItsPlace(text: String, message: String) {
    let error = #expect(throws: YAMLError.self) { try self.facts(text) }
    #expect(error?.description == message)
  }

  @Test func theSchemaHasTheKeysThatAreRead() throws {
    let schema = try YAMLNode(
      parsing: Corpus.contents(Corpus.root + "/schemas/device-facts.schema.json"))
    for entry in try properties(schema) {
      let inner = try properties(entry.value).map(\.key)
      if !inner.isEmpty { #expect(keys(readBelow: entry.key) == inner.sorted(), "\(entry.key)") }
    }
    #expect(keys(readBelow: nil) == (try properties(schema)).map(\.key).sorted())
  }

  /// The properties of an object in a schema; none of anything else.
  private func properties(_ schema: YAMLNode) throws -> [YAMLNode.Entry] {
    try schema.entries().first { $0.key == "properties" }?.value.entries() ?? []
  }

  /// The keys that stand in the error for one that is none.
  private func keys(readBelow group: String?) -> [String] {
    let error = #expect(throws: YAMLError.self) {
      try self.facts(group.map { "\($0): { none: 0 }" } ?? "none: 0")
    }
    let message = error?.message ?? ""
    return message.split(separator: ", found").first.map { list in
      list.replacing("expected one of ", with: "").split(separator: ", ").map(String.init)
    } ?? []
  }
}
