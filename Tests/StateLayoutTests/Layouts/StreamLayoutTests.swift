import MigrationStream
import StateLayout
import StateTestSupport
import TestSupport
import Testing

/// The layout of `.dms` against the decoder of the format.
@Suite struct StreamLayoutTests {
  private let name = "dms"

  @Test(
    arguments: [
      "mtty-one-port", "mtty-precopy", "raw", "three-devices", "unknown-records", "deltas",
      "private-records",
    ])
  func streamsOfTheCorpus(stream: String) throws {
    try expectAgreement(try Corpus.bytes("streams/\(stream).dms"))
  }

  @Test(arguments: seeds(20)) func randomStreams(seed: UInt64) throws {
    var random = SplitMix64(seed: seed)
    try expectAgreement(try StreamBuilder.random(using: &random).encoded())
  }

  @Test func theIndex() throws {
    let bytes = try sample.encoded()
    let tree = try expectSound(bytes, name)
    let records = try #require(tree["records"]?.items)
    let last = try #require(records.last)
    #expect(last["header.type"]?.meaning == "index_block")
    let start = try #require(last.range?.lowerBound)
    #expect(tree.integer("footer.index_offset") == Int128(start))
    let entries = try #require(field(last, 2)?["value.entries"]?.items)
    let chunks = records.filter { $0["header.type"]?.integer == 6 }
    #expect(entries.count == chunks.count && !chunks.isEmpty)
    for (entry, chunk) in zip(entries, chunks) {
      #expect(entry["record_offset"]?.integer == chunk.range.map { Int128($0.lowerBound) })
      #expect(entry["header.sequence"]?.integer == chunk["header.sequence"]?.integer)
    }
  }

  @Test func everyCutIsFound() throws {
    let bytes = try sample.encoded()
    try expectEveryCutFound(bytes, name)
    let tree = try shippedLayout(name).dissect(try Corpus.bytes("streams/torn.dms"))
    #expect(!tree.isSound)
    #expect(tree["records[0].header.type"]?.meaning == "stream_information")
  }

  // MARK: What is found

  /// One device with everything, two chunks, an index.
  private var sample: StreamBuilder {
    var builder = StreamBuilder()
    builder.indexThreshold = 0
    builder.compression = .raw
    builder.devices[0].identity = DeviceIdentity(
      name: "first", driver: "mtty", pci: .init(vendorID: 0x4348, deviceID: 0x3253))
    builder.devices[0].configuration = ConfigurationRecord(physical: [1, 2, 3, 4])
    builder.devices[0].interrupts = InterruptState(assertedPins: 1)
    builder.devices[0].pasids = PASIDTable(
      domains: [.init(id: 1)], bindings: [.init(pasid: 5, domain: 1)])
    builder.pieces = [
      .init(
        device: 0, context: .init(phase: .preCopy, iteration: 2, flags: .initialData),
        bytes: [1, 2, 3]),
      .init(
        device: 0, context: .init(phase: .stopCopy), bytes: [UInt8](repeating: 9, count: 50)),
    ]
    return builder
  }

  private func expectOne(
    _ severity: LayoutFinding.Severity, at path: String, _ words: String, among count: Int = 1,
    sourceLocation: SourceLocation = #_sourceLocation, _ change: (inout MutableStream) -> Void
  ) throws {
    var stream = MutableStream(try sample.encoded())
    stream.fixesLengths = false
    change(&stream)
    try StateLayoutTests.expectOne(
      severity, at: path, words, in: stream.encoded(keepsSequence: true), name, among: count,
      sourceLocation: sourceLocation)
  }

  @Test func theStreamHeader() throws {
    func change(_ offset: Int, _ byte: UInt8) -> (inout MutableStream) -> Void {
      { $0.streamHeader[offset] = byte }
    }
    try expectOne(.error, at: "header.magic", "89 44 4d 53", change(1, 0))
    try expectOne(.error, at: "header.major_version", "expected 1", change(8, 2))
    try expectOne(.error, at: "header.mandatory_features", "at most", change(12, 4))
    try expectOne(.error, at: "header.channel", "expected 0", change(36, 1))
    try expectOne(.error, at: "header.channel_count", "expected 1", change(38, 2))
    try expectOne(.error, at: "header.chunk_limit", "at most", change(43, 0xff))
    try expectOne(.error, at: "header.chunk_limit", "at least", among: 3, change(42, 0))
    try expectOne(.error, at: "header.metadata_limit", "at most", change(47, 0xff))
    try expectOne(.note, at: "header.window", "expected zero", change(48, 1))
  }

  @Test func recordsOutOfPlace() throws {
    try expectOne(.error, at: "records", "numbered from 0") {
      $0.records[3].set(9 as UInt32, at: 4)
    }
    try expectOne(.error, at: "records", "information first", among: 2) {
      $0.records.swapAt(0, 1)
      for index in 0...1 { $0.records[index].set(UInt32(index), at: 4) }
      $0.records[1].set(77 as UInt8, at: 0)
      $0.records[1].set(0 as UInt8, at: 1)
    }
    try expectOne(.error, at: "records[7]", "behind a later one") {
      let summary = $0.index(of: .deviceSummary)
      $0.records.swapAt(summary, summary - 1)
      for index in summary - 1...summary { $0.records[index].set(UInt32(index), at: 4) }
    }
    try expectOne(.error, at: "records[6]", "order of its state") {
      $0.records[5].set(90 as UInt64, at: 8)
      $0.records[6].set(3 as UInt64, at: 8)
    }
    try expectOne(.error, at: "records", "summary for each of 1 devices, found 0") {
      $0.records[7].set(77 as UInt8, at: 0)
      $0.records[7].set(0 as UInt8, at: 1)
    }
    try expectOne(.error, at: "records", "end record, found 0") {
      $0.records[8].set(77 as UInt8, at: 0)
      $0.records[8].set(0 as UInt8, at: 1)
    }
    try expectOne(.error, at: "footer", "index block") {
      $0.footer[0...7] = [0, 0, 0, 0, 0, 0, 0, 0]
    }
  }

  @Test func recordHeaders() throws {
    try expectOne(.error, at: "records[2].header", "type of record") {
      $0.records[2].set(0 as UInt8, at: 0)
    }
    try expectOne(.error, at: "records[2].header", "must be understood") {
      $0.records[2].set(99 as UInt8, at: 0)
    }
    try expectOne(.note, at: "records[2].header.reserved", "expected 0") {
      $0.records[2].set(0x90 as UInt8, at: 1)
    }
    try expectOne(.error, at: "records[2].header", "other than a chunk") {
      $0.records[2].set(0x82 as UInt8, at: 1)
    }
    try expectOne(.error, at: "records[2].header", "other than a chunk") {
      $0.records[2].set(1 as UInt64, at: 8)
    }
    try expectOne(.error, at: "records[2].header", "other than a chunk") {
      $0.records[2].set(1 as UInt32, at: 16)
    }
    try expectOne(.error, at: "records[0].header", "whole stream") {
      $0.records[0].set(0 as UInt16, at: 2)
    }
    try expectOne(.error, at: "records[1].header", "at most 0 bytes", among: 7) {
      for offset in 44..<48 { $0.streamHeader[offset] = 0 }
    }
  }

  @Test func chunks() throws {
    try expectOne(.error, at: "records[5].header.encoding", "one of") {
      $0.records[5].set(0x85 as UInt8, at: 1)
    }
    try expectOne(.error, at: "records[5].header", "1 to 65536", among: 2) {
      $0.records[5].set(0 as UInt32, at: 16)
    }
    try expectOne(.error, at: "records[5].header", "raw chunk's 4 bytes") {
      $0.records[5].set(4 as UInt32, at: 16)
    }
    try expectOne(.error, at: "records[5].header", "one byte") {
      $0.records[5].set(0x81 as UInt8, at: 1)
    }
    try expectOne(.error, at: "records[5].payload.phase", "one of") { $0.records[5].payload[0] = 3 }
    try expectOne(.note, at: "records[5].payload", "zeros") { $0.records[5].payload[1] = 0x20 }
  }

  @Test func fields() throws {
    func expectOne(
      _ severity: LayoutFinding.Severity, at path: String, _ words: String, record: Int,
      payload: [UInt8], sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
      try self.expectOne(severity, at: path, words, sourceLocation: sourceLocation) {
        $0.fixesLengths = true
        $0.records[record].payload = payload
        // Behind it everything moves.
        $0.footer[0] = 1
      }
    }
    let end = "records[8].payload.fields"
    try expectOne(.error, at: "\(end)[0]", "tag from 1", record: 8, payload: [0, 0])
    try expectOne(.error, at: "\(end)[0]", "must be understood", record: 8, payload: [0x0b, 0])
    try expectOne(.error, at: "\(end)[1]", "tag 1 again", record: 8, payload: [2, 1, 1, 2, 1, 1])
    try expectOne(.error, at: "\(end)[0].key", "few bytes", record: 8, payload: [0x82, 0, 1, 1])
    try expectOne(.error, at: "\(end)[0].length", "few bytes", record: 8, payload: [2, 0x81, 0, 1])
    try expectOne(.error, at: "\(end)[0].value", "5 bytes, found 1", record: 8, payload: [2, 5, 1])
    try expectOne(.error, at: "\(end)[0].value", "few bytes", record: 8, payload: [2, 2, 1, 0])
    try expectOne(
      .error, at: "\(end)[0].value", "64 bits", record: 8,
      payload: [2, 9, 1, 1, 1, 1, 1, 1, 1, 1, 1])
    let summary = "records[7].payload.fields[0].value"
    try expectOne(.note, at: "\(summary).algorithm", "one of", record: 7, payload: [6, 2, 3, 1])
    try expectOne(.error, at: "\(summary).digest", "16 bytes", record: 7, payload: [6, 2, 1, 1])
    try expectOne(.error, at: "\(summary).digest", "32 bytes", record: 7, payload: [6, 2, 2, 1])
  }

  // MARK: MergeRule with the decoder

  private func expectAgreement(_ bytes: [UInt8]) throws {
    let tree = try expectSound(bytes, name)
    let decoded = try DecodedStream(bytes)
    let records = try #require(tree["records"]?.items)
    let plain = MutableStream(bytes)
    #expect(records.count == plain.records.count)
    #expect(records.count == decoded.records.count)
    var offset: UInt64 = 56
    for (node, record) in zip(records, plain.records) {
      let end = offset + 32 + UInt64(record.payload.count)
      #expect(node.range == offset..<end)
      #expect(node["header.type"]?.integer == Int128(record.type))
      offset = end
    }
    #expect(tree["footer"]?.range == offset..<offset + 32)
    for (node, record) in zip(records, decoded.records) { expect(node, is: record) }
  }

  private func expect(_ node: LayoutNode, is record: Record) {
    func integer(_ tag: Int128) -> UInt64? {
      field(node, tag)?["value.value"]?.integer.map { UInt64($0) }
    }
    func text(_ tag: Int128) -> String? { field(node, tag)?["value.text"]?.text }
    func bytes(_ tag: Int128) -> [UInt8]? { field(node, tag)?["value"]?.payload?.loadedBytes }
    func count(_ tag: Int128) -> Int {
      fields(node).count { $0["tag"]?.integer == tag }
    }
    let device = node["header.device"]?.integer
    switch record {
    case .information(let information):
      #expect(node["header.type"]?.meaning == "stream_information")
      #expect(text(1) == information.producer)
      #expect(text(2) == information.kernelRelease)
      #expect(text(3) == information.machine)
      #expect(integer(4) == information.time)
    case .identity(let identity, let number):
      #expect(device == Int128(number))
      #expect(text(1) == identity.name)
      #expect(text(2) == identity.driver)
      let ids = field(node, 3)
      #expect(ids?["value.vendor"]?.integer == identity.pci.map { Int128($0.vendorID) })
      #expect(ids?["value.device"]?.integer == identity.pci.map { Int128($0.deviceID) })
      let kind = field(node, 5)
      #expect(kind?["value.class_code"]?.integer == identity.pci?.classCode.map { Int128($0) })
      #expect(integer(6) == identity.migrationFlags)
      #expect(integer(7) == identity.stopCopyByteCount)
      #expect(count(8) == identity.regions.count)
    case .configuration(let configuration, let number):
      #expect(device == Int128(number))
      #expect(bytes(1) == configuration.physical)
      #expect(bytes(2) == configuration.synthesized)
      #expect(bytes(3) == configuration.emulatedBits)
      #expect(text(4) == configuration.profileName)
    case .interrupts(let interrupts, let number):
      #expect(device == Int128(number))
      #expect(integer(1) == interrupts.assertedPins.map { UInt64($0) })
      #expect((field(node, 2) != nil) == (interrupts.msi != nil))
      #expect((field(node, 3) != nil) == (interrupts.msix != nil))
    case .pasids(let table, let number):
      #expect(device == Int128(number))
      #expect(count(1) == table.domains.count)
      #expect(count(2) == table.bindings.count)
    case .chunk(let chunk):
      #expect(device == Int128(chunk.device))
      #expect(node["header.offset"]?.integer == Int128(chunk.stateOffset))
      #expect(node["header.raw_length"]?.integer == Int128(chunk.byteCount))
      #expect(node["payload.phase"]?.integer == Int128(chunk.context.phase.rawValue))
      #expect(node["payload.iteration"]?.integer == Int128(chunk.context.iteration))
      let isInitial = chunk.context.flags.contains(.initialData)
      #expect(node["payload.is_initial"]?.integer == (isInitial ? 1 : 0))
      let isLast = chunk.context.flags.contains(.lastOfIteration)
      #expect(node["payload.is_last_of_iteration"]?.integer == (isLast ? 1 : 0))
    case .summary(let summary, let number):
      #expect(device == Int128(number))
      #expect(integer(1) ?? 0 == summary.byteCount)
      #expect(integer(2) ?? 0 == summary.chunkCount)
    case .end(let totals):
      #expect(integer(1) ?? 0 == UInt64(totals.deviceCount))
      #expect(integer(2) ?? 0 == totals.chunkCount)
      #expect(integer(3) ?? 0 == totals.stateByteCount)
      #expect((integer(4) == 1) == totals.isIndexed)
    case .index(let block):
      #expect(integer(1) == block.previousOffset)
      #expect(field(node, 2)?["value.entries"]?.items.count ?? 0 == block.entryCount)
    case .optional(let record):
      #expect(node["header.type"]?.integer == Int128(record.type.rawValue))
      #expect(node["payload"]?.payload?.loadedBytes ?? [] == record.payload)
    }
  }

  private func fields(_ record: LayoutNode) -> [LayoutNode] {
    record["payload.fields"]?.items ?? []
  }

  private func field(_ record: LayoutNode, _ tag: Int128) -> LayoutNode? {
    fields(record).first { $0["tag"]?.integer == tag }
  }
}
