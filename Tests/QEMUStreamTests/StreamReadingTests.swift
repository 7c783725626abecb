import ByteIO
import QEMUStream
import TestSupport
import Testing

/// Streams of the writer's, for what the real one does not hold.
@Suite struct StreamReadingTests {
  private static let steps: [Int?] = [nil, 1 << 20, 7, 1]

  @Test(arguments: steps)
  func everyKindOfSectionIsRead(pipeStep: Int?) throws {
    let catalog = ReadStream(SampleMachine().stream, pipeStep: pipeStep).catalog
    #expect(catalog.defect == nil)
    #expect(catalog.findings == [])
    #expect(catalog.configuration?.machine == "pc-q35-9.2")
    #expect(
      catalog.sections.map(\.name) == [
        "ram", "0000:00:01.0/vfio", "0000:00:02.0/vfio", "stranger",
      ])
    #expect(catalog.sections.map(\.count) == [3, 6, 6, 1])
    #expect(catalog.sections[3].byteCount == 5)
    #expect(catalog.commandCounts == ["SWITCHOVER_START": 1])
    #expect(catalog.ram.multifdFlushCount == 1)
    let pages = catalog.ram.blocks[0].pages
    #expect([pages.normal, pages.zero, pages.delta, pages.compressed] == [1, 1, 1, 1])
    #expect(catalog.ram.blocks[1].pages.zero == 1)
    for device in catalog.vfioDevices {
      #expect(device.preCopyByteCount == 6)
      #expect(device.stopCopyByteCount == 5)
      #expect(device.statePrefix == [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11])
      #expect(
        device.recordCounts == [
          .setup: 1, .data: 5, .initialDataSent: 1, .endOfState: 5, .configuration: 1,
        ])
    }
  }

  /// From QEMU 11.1 on, a device whose state begins anew says more than once that its initial data
  /// was sent.
  @Test func initialDataMayBeSentAnyNumberOfTimes() throws {
    var machine = SampleMachine()
    machine.first.rounds = [[[1, 2, 3]], [[4, 5]], [], [[6]]]
    machine.first.roundsOfInitialData = [0, 2, 3]
    let catalog = ReadStream(machine.stream).catalog
    #expect(catalog.defect == nil && catalog.isComplete)
    #expect(catalog.vfioDevices[0].recordCounts[.initialDataSent] == 3)
    #expect(catalog.vfioDevices[0].preCopyByteCount == 6)
    #expect(catalog.vfioDevices[0].findings.isEmpty)
  }

  /// A machine up to 2.3 writes no footers; up to 2.2 no description either.
  @Test(arguments: steps, [true, false])
  func aStreamWithoutFootersIsRead(pipeStep: Int?, isDescribed: Bool) throws {
    var machine = SampleMachine()
    machine.configuration = nil
    machine.isDescribed = isDescribed
    let catalog = ReadStream(machine.stream, pipeStep: pipeStep).catalog
    let whole = ReadStream(SampleMachine().stream).catalog
    #expect(catalog.defect == nil)
    #expect(catalog.isComplete)
    #expect(catalog.isOld && !whole.isOld)
    #expect(catalog.machineVersion == QEMUMachineVersion("2.3"))
    #expect(catalog.sections.map(\.byteCount) == whole.sections.map(\.byteCount))
    #expect(catalog.vfioDevices.map(\.configuration) == whole.vfioDevices.map(\.configuration))
    #expect(catalog.vfioDevices.map(\.statePrefix) == whole.vfioDevices.map(\.statePrefix))
    #expect(catalog.sections[3].evidence == (isDescribed ? .description : .next))
    #expect(catalog.findings.contains { $0.contains("2.3 and older") })
  }

  @Test(arguments: [
    (256, 0), (256, 1), (256, 8), (256, 9), (256, 2048), (4096, 0), (4096, 33), (4096, 2048),
  ])
  func theConfigurationsSizeIsToldByItsEnd(byteCount: Int, vectors: Int) throws {
    var machine = SampleMachine()
    machine.first.configuration = SampleDevice.configuration(
      byteCount: byteCount, vectors: vectors)
    let catalog = ReadStream(machine.stream).catalog
    #expect(catalog.defect == nil)
    #expect(catalog.vfioDevices[0].configuration == machine.first.configuration)
  }

  @Test func aSpaceThatHoldsTheEndTagIsAmbiguousAndSaysSo() throws {
    var machine = SampleMachine()
    var space = SampleDevice.space(byteCount: 4096)
    space.replaceSubrange(272..<280, with: [255, 255, 255, 255, 0xef, 0x10, 0, 1])
    space.replaceSubrange(280..<285, with: [0x7e, 0, 0, 0, 7])
    machine.first.configuration = VFIOConfiguration(space: space)
    let device = ReadStream(machine.stream).catalog.vfioDevices[0]
    #expect(device.configuration?.space == space)
    #expect(device.configuration?.isSizeAmbiguous == true)
    #expect(device.findings.count == 1)
  }

  @Test func whereTheEndTagFallsAtBothPlacesTheFooterDecides() throws {
    // A space that holds the tag where a shorter one would end, and no footer behind it, or another
    // section's.
    for footer in [[], [0x7e, 0, 0, 0, 6]] as [[UInt8]] {
      var machine = SampleMachine()
      var space = SampleDevice.space(byteCount: 4096)
      let tag = [255, 255, 255, 255, 0xef, 0x10, 0, 1] + footer
      space.replaceSubrange(272..<272 + tag.count, with: tag)
      machine.first.configuration = VFIOConfiguration(space: space)
      let configuration = ReadStream(machine.stream).catalog.vfioDevices[0].configuration
      #expect(configuration == machine.first.configuration)
    }
    // A short one, behind which another section's tag stands where a longer one would end.
    var writer = QEMUStreamWriter(QEMUConfiguration(machine: "pc"))
    var device = SampleDevice(id: "a/vfio", section: 3)
    device.configuration.subsections = []
    device.writeStart(to: &writer)
    device.writeEnd(to: &writer)
    let begin = writer.byteCount
    device.writeFull(to: &writer)
    // The record's own content begins behind the section's head and its tag.
    let end = begin + 9 + 1 + 6 + 8 + 8 + 4 + 4096 + 16
    writer.beginSection(.start, id: 4, name: "b/vfio")
    var filling = QEMUSectionContent()
    filling.record(.setup)
    filling.record(.data)
    let left = Int(end - writer.byteCount) - 24
    filling.writer.big(UInt64(left))
    filling.writer.append([UInt8](repeating: 0, count: left))
    filling.record(.endOfState)
    writer.append(filling)
    writer.endSection(id: 4)
    writer.end()
    let catalog = ReadStream(writer.bytes).catalog
    #expect(catalog.defect == nil)
    #expect(catalog.vfioDevices[0].configuration == device.configuration)
    #expect(catalog.vfioDevices[1].stateByteCount == UInt64(left))
  }

  @Test func anOptionalPartOfTheConfigurationIsKept() throws {
    var machine = SampleMachine()
    var part = QEMUSectionContent()
    part.writer.big(5 as UInt8)
    part.name("VFIOPCIDevice/VFIODisplay")
    part.writer.big(1 as UInt32)
    part.writer.append([UInt8](repeating: 3, count: 28))
    machine.first.configuration.subsections = part.writer.bytes
    let device = ReadStream(machine.stream).catalog.vfioDevices[0]
    #expect(device.configuration == machine.first.configuration)
    #expect(device.findings == ["the configuration record has 'VFIOPCIDevice/VFIODisplay'"])
  }

  @Test(arguments: steps)
  func aStreamWithoutADescriptionIsReadByItsFooters(pipeStep: Int?) throws {
    var machine = SampleMachine()
    machine.isDescribed = false
    let catalog = ReadStream(machine.stream, pipeStep: pipeStep).catalog
    #expect(catalog.defect == nil)
    #expect(catalog.isComplete)
    #expect(catalog.vfioDevices.map(\.stateByteCount) == [11, 11])
    #expect(catalog.sections[3].evidence == .footer)
    #expect(catalog.findings.count == 2)
  }

  @Test func whatLooksLikeAFooterIsPassedOverByTheDescription() throws {
    var machine = SampleMachine()
    // A footer of the section itself, and a section behind it, inside the section.
    machine.stranger = [0x7e, 0, 0, 0, 5, 4, 0, 0, 0, 99, 1, 0x61, 0, 0, 0, 0, 0, 0, 0, 1, 9, 9]
    let stream = machine.stream
    #expect(ReadStream(stream).catalog.defect == nil)
    // A pipe has no description yet: what was believed is found out by it.
    #expect(ReadStream(stream, pipeStep: 64).catalog.defect != nil)
  }

  @Test func everyStreamCutShortGivesWhatCameBefore() throws {
    let stream = SampleMachine().stream
    let whole = ReadStream(stream).catalog
    var sectionCount = 0
    for count in 0..<whole.sections[3].offset {
      let catalog = ReadStream(Array(stream[..<Int(count)])).catalog
      let defect = try #require(catalog.defect)
      #expect(defect.code == (count < 4 ? .notAStream : .torn), "\(count): \(defect)")
      #expect(catalog.sections.count >= sectionCount)
      sectionCount = catalog.sections.count
    }
    #expect(sectionCount == 3)
  }

  @Test func nestedNamesOf255BytesAreRead() throws {
    var machine = SampleMachine()
    let name = String(repeating: "x", count: 250) + "/vfio"
    machine.first.id = name
    machine.blocks = [(String(repeating: "r", count: 255), 1 << 20), ("pc.ram", 1 << 20)]
    machine.blocks.append(("vga.vram", 8192))
    #expect(name.utf8.count == 255)
    for step in Self.steps {
      let catalog = ReadStream(machine.stream, pipeStep: step).catalog
      #expect(catalog.defect == nil)
      #expect(catalog.vfioDevices[0].id == name)
    }
  }

  @Test func mappedRAMIsCountedByItsBitmap() throws {
    var configuration = QEMUConfiguration(machine: "pc-q35-9.2")
    configuration.capabilities = ["mapped-ram"]
    configuration.uuid = [UInt8](repeating: 5, count: 16)
    configuration.targetPageBits = 12
    var writer = QEMUStreamWriter(configuration)
    let pageCount = 100
    writer.beginSection(.start, id: 1, name: "ram", version: 4)
    var head = QEMUSectionContent()
    head.total(UInt64(pageCount) << 12)
    head.name("pc.ram")
    head.writer.big(UInt64(pageCount) << 12)
    head.writer.big(1 as UInt32)
    head.writer.big(4096 as UInt64)
    let bitmapOffset = writer.byteCount + UInt64(head.writer.count) + 16
    let pagesOffset: UInt64 = 1 << 20
    head.writer.big(bitmapOffset)
    head.writer.big(pagesOffset)
    head.writer.append([0xff, 0x01] + [UInt8](repeating: 0, count: 14))
    writer.append(head)
    var pages = QEMUSectionContent()
    pages.writer.append(
      [UInt8](repeating: 0, count: Int(pagesOffset - writer.byteCount) + pageCount << 12))
    pages.endOfRAM()
    writer.append(pages)
    writer.endSection(id: 1)
    SampleDevice(id: "vfio", section: 2).writeStart(to: &writer)
    writer.end()
    for step in [nil, 4096] as [Int?] {
      let catalog = ReadStream(writer.bytes, pipeStep: step).catalog
      #expect(catalog.defect == nil)
      #expect(catalog.configuration == configuration)
      #expect(catalog.ram.blocks[0].mapping?.pagesOffset == pagesOffset)
      #expect(catalog.ram.pages.normal == 9)
      #expect(catalog.ram.pages.zero == 91)
      #expect(catalog.vfioDevices[0].id == "vfio")
    }
    // A head that points elsewhere.
    var lie = writer.bytes
    lie[Int(bitmapOffset) - 9] ^= 1
    #expect(ReadStream(lie).catalog.defect?.code == .malformed)
  }

  @Test func aDescriptionThatIsTooLongIsPassedOver() throws {
    var machine = SampleMachine()
    let byteCount = VMDescription.longestByteCount
    for count in [byteCount, byteCount + 1] {
      machine.description = "{\"devices\": []" + String(repeating: " ", count: count - 15) + "}"
      let catalog = ReadStream(machine.stream + [0], pipeStep: 1 << 20).catalog
      #expect(catalog.defect == nil)
      #expect(catalog.isComplete)
      #expect(catalog.hasTrailingData)
      #expect((catalog.description == nil) == (count > byteCount))
      #expect(catalog.unusedDescriptionByteCount == (count > byteCount ? count : nil))
      #expect(
        (catalog.findings.first?.contains("\(count) bytes, more than") == true)
          == (count > byteCount))
    }
    let cut = ReadStream(Array(machine.stream.dropLast()), pipeStep: 1 << 20).catalog
    #expect(cut.defect?.code == .torn)
  }

  @Test func trailingBytesAreNoted() throws {
    let catalog = ReadStream(SampleMachine().stream + [0, 0]).catalog
    #expect(catalog.defect == nil)
    #expect(catalog.hasTrailingData)
  }
}
