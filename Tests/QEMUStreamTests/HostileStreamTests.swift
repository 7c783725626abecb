import ByteIO
import QEMUStream
import TestSupport
import Testing

/// Streams that lie.
@Suite struct HostileStreamTests {
  private static func defect(
    _ build: (inout QEMUStreamWriter) -> Void
  ) throws -> QEMUStreamError? {
    var writer = QEMUStreamWriter(QEMUConfiguration(machine: "pc"))
    build(&writer)
    writer.end()
    return ReadStream(writer.bytes).catalog.defect
  }

  private static func ramDefect(
    _ build: (inout QEMUSectionContent) -> Void
  ) throws -> QEMUStreamError? {
    try defect { writer in
      writer.section(.start, id: 1, name: "ram") { content in
        build(&content)
        content.endOfRAM()
      }
    }
  }

  @Test func anUnknownSectionWithoutAnEndSaysWhereAndWhy() throws {
    var writer = QEMUStreamWriter(QEMUConfiguration(machine: "pc"))
    SampleDevice(id: "0000:00:01.0/vfio", section: 3).writeStart(to: &writer)
    let offset = writer.byteCount
    writer.beginSection(.full, id: 4, name: "stranger")
    let catalog = ReadStream(writer.bytes + [1, 2, 3]).catalog
    let defect = try #require(catalog.defect)
    #expect(defect.code == .unknownSection)
    #expect(defect.offset == offset)
    #expect(defect.section == "4 (stranger)")
    #expect(catalog.vfioDevices.map(\.id) == ["0000:00:01.0/vfio"])
  }

  @Test func blocksThatDoNotAddUp() throws {
    #expect(try Self.ramDefect { $0.total(1 << 20) }?.code == .malformed)
    #expect(
      try Self.ramDefect { content in
        content.total(4096)
        content.name("a")
        content.writer.big(8192 as UInt64)
      }?.code == .malformed)
    #expect(
      try Self.ramDefect { content in
        content.total(8192)
        for _ in 0..<2 {
          content.name("a")
          content.writer.big(4096 as UInt64)
        }
      }?.code == .malformed)
    // As many blocks as one likes take no memory on the stream's word.
    #expect(
      try Self.ramDefect { content in
        content.blocks((0..<5000).map { ("block\($0)", 4096) })
      }?.code == .malformed)
  }

  @Test func pagesBeyondTheirBlock() throws {
    for address in [1 << 20, (1 << 20) - 4096 + 4096, 1 << 50] as [UInt64] {
      let defect = try Self.ramDefect { content in
        content.blocks([("pc.ram", 1 << 20)])
        content.page([UInt8](repeating: 0, count: 4096), at: address, of: "pc.ram")
      }
      #expect(defect?.code == .malformed)
      #expect(defect?.expected.contains("'pc.ram'") == true)
    }
    #expect(
      try Self.ramDefect { content in
        content.blocks([("small", 100)])
        content.filledPage(at: 0, of: "small")
      }?.code == .malformed)
  }

  @Test func pagesWithoutABlockOrOfAnotherKind() throws {
    #expect(try Self.ramDefect { $0.filledPage(at: 0) }?.code == .malformed)
    #expect(
      try Self.ramDefect { content in
        content.blocks([("pc.ram", 1 << 20)])
        content.filledPage(at: 0, of: "other")
      }?.code == .malformed)
    for flags in [0, 1, 0x80, 0x0a, 0x48, 0x14, 0x24, 0x800] as [UInt64] {
      let defect = try Self.ramDefect { content in
        content.blocks([("pc.ram", 1 << 20)])
        content.filledPage(at: 0, of: "pc.ram")
        content.writer.big(flags | 0x20)
        content.writer.append([UInt8](repeating: 0, count: 5000))
      }
      #expect(defect?.code == (flags == 0x80 ? .unsupported : .malformed), "\(flags)")
    }
    #expect(
      try Self.ramDefect { content in
        content.blocks([("pc.ram", 1 << 20)])
        content.compressedPage([UInt8](repeating: 0, count: 8193), at: 0, of: "pc.ram")
      }?.code == .malformed)
    #expect(
      try Self.ramDefect { content in
        content.blocks([("pc.ram", 1 << 20)])
        content.delta([UInt8](repeating: 0, count: 4097), at: 0, of: "pc.ram")
      }?.code == .malformed)
  }

  @Test func statesLongerThanTheStream() throws {
    for size in [17, 1 << 20, 1 << 40, .max] as [UInt64] {
      let defect = try Self.defect { writer in
        writer.beginSection(.start, id: 1, name: "vfio")
        var content = QEMUSectionContent()
        content.record(.data)
        content.writer.big(size)
        content.writer.append([1, 2, 3])
        writer.append(content)
      }
      #expect(defect != nil)
      #expect(defect?.section == "1 (vfio)")
    }
  }

  @Test(arguments: [nil, 64, 1] as [Int?])
  func onlyStateThatIsThereIsCounted(pipeStep: Int?) throws {
    for size in [4, 1 << 20, .max] as [UInt64] {
      var writer = QEMUStreamWriter(QEMUConfiguration(machine: "pc"))
      let device = SampleDevice(id: "a/vfio", section: 3)
      device.writeStart(to: &writer)
      device.writeParts(to: &writer)
      writer.beginSection(.end, id: 3)
      var content = QEMUSectionContent()
      content.data([1, 2])
      content.record(.data)
      content.writer.big(size)
      content.writer.append([1, 2, 3])
      writer.append(content)
      let catalog = ReadStream(writer.bytes, pipeStep: pipeStep).catalog
      #expect(catalog.defect?.code == .torn)
      #expect(catalog.vfioDevices[0].preCopyByteCount == 6)
      #expect(catalog.vfioDevices[0].stopCopyByteCount == 5)
      #expect(catalog.vfioDevices[0].findings.contains("the state has no end"))
    }
  }

  @Test func aDeviceWhoseLastSectionHasNoEndDoesNotExpectPackets() throws {
    var writer = QEMUStreamWriter(QEMUConfiguration(machine: "pc"))
    var device = SampleDevice(id: "a/vfio", section: 3)
    device.stopCopy = []
    device.writeStart(to: &writer)
    device.writeEnd(to: &writer)
    writer.beginSection(.full, id: 3, name: "a/vfio")
    var content = QEMUSectionContent()
    content.record(.configuration)
    content.writer.append([UInt8](repeating: 0xaa, count: 5000))
    writer.append(content)
    let catalog = ReadStream(writer.bytes).catalog
    #expect(catalog.defect?.code == .unsupportedVersion)
    #expect(!catalog.vfioDevices[0].expectsPackets)
    #expect(catalog.vfioDevices[0].findings == ["there is no configuration record"])
  }

  @Test func sectionsOutOfOrder() throws {
    let device = SampleDevice(id: "vfio", section: 3)
    // A part of what was not begun; a second start; a part after the end; a section in a section.
    let orders: [(inout QEMUStreamWriter) -> Void] = [
      { device.writeParts(to: &$0) },
      { writer in
        device.writeStart(to: &writer)
        device.writeStart(to: &writer)
      },
      { writer in
        device.writeStart(to: &writer)
        device.writeEnd(to: &writer)
        device.writeParts(to: &writer)
      },
    ]
    for order in orders {
      let code = try Self.defect(order)?.code
      #expect(code == .misplaced || code == .malformed)
    }
    let nested = try Self.defect { writer in
      writer.beginSection(.start, id: 3, name: "vfio")
      device.writeStart(to: &writer)
    }
    #expect(nested?.code == .malformed)
    #expect(nested?.expected == "the tag of a VFIO record")
  }

  @Test func footersOfOtherSections() throws {
    let defect = try Self.defect { writer in
      writer.beginSection(.start, id: 3, name: "vfio")
      var content = QEMUSectionContent()
      content.record(.endOfState)
      writer.append(content)
      writer.endSection(id: 4)
    }
    #expect(defect?.code == .malformed)
    #expect(defect?.found == "the footer of section 4")
  }

  @Test(arguments: [
    "", "[]", "{", "{\"devices\": 5}", "{\"devices\": [5]}", "{\"devices\": [{\"name\": }]}",
    "{\"devices\": [{\"name\": \"a\", \"instance_id\": 4294967296, \"fields\": []}]}",
    "{\"devices\": [{\"fields\": [{\"size\": 18446744073709551615, \"array_len\": 2}]}]}",
    "{\"devices\": [{\"fields\": [{\"size\": 99999999999999999999}]}]}",
    "{\"devices\": [{\"fields\": [{\"size\": 18446744073709551615}, {\"size\": 1}]}]}",
    "{\"devices\": []} x",
  ])
  func descriptionsThatAreNone(json: String) throws {
    var machine = SampleMachine()
    machine.description = json
    let catalog = ReadStream(machine.stream).catalog
    #expect(catalog.defect?.code == .malformedDescription)
    #expect(catalog.isComplete)
    #expect(catalog.vfioDevices.map(\.stateByteCount) == [11, 11])
  }

  @Test func descriptionsOfAnyDepthEnd() throws {
    for bracket in ["[", "{\"a\":"] {
      var machine = SampleMachine()
      machine.description = "{\"x\": " + String(repeating: bracket, count: 100_000)
      #expect(ReadStream(machine.stream).catalog.defect?.code == .malformedDescription)
    }
  }

  @Test(arguments: [0, 4, 6, 1 << 40] as [UInt64])
  func descriptionsThatLieAboutASize(size: UInt64) throws {
    var machine = SampleMachine()
    machine.description =
      "{\"devices\": [{\"name\": \"stranger\", \"instance_id\": 3, "
      + "\"fields\": [{\"name\": \"data\", \"size\": \(size)}]}]}"
    let stream = machine.stream
    let defect = try #require(ReadStream(stream).catalog.defect)
    #expect(defect.code == .misleadingDescription || defect.code == .torn)
    #expect(defect.section == "5 (stranger)")
    // A pipe hears of it only in the end, and says so too.
    #expect(
      ReadStream(stream, pipeStep: 100).catalog.defect?.code == .misleadingDescription)
  }

  @Test(arguments: 0..<8)
  func flippedBitsNeverCrash(seed: UInt64) throws {
    var random = SplitMix64(seed: seed)
    var machine = SampleMachine()
    machine.first.configuration = SampleDevice.configuration(vectors: 9)
    let stream = machine.stream
    for _ in 0..<200 {
      var damaged = stream
      for _ in 0...Int(random.next() % 4) {
        damaged[Int(random.next() % UInt64(damaged.count))] ^= 1 << UInt8(random.next() % 8)
      }
      let file = ReadStream(damaged).catalog
      let pipe = ReadStream(damaged, pipeStep: 1000).catalog
      #expect(file.byteCount <= UInt64(damaged.count))
      #expect(pipe.byteCount <= UInt64(damaged.count))
    }
  }
}
