import ByteIO
import QEMUStream
import TestSupport
import Testing

/// Streams that begin somewhere in a file, as in a libvirt save image.
@Suite struct ImageTests {
  /// A machine of one device whose RAM is mapped, in a file with `base` bytes before it. The device
  /// has state before the RAM too if `isDeviceFirst`.
  private static func file(base: Int, isDeviceFirst: Bool = false) -> [UInt8] {
    var device = SampleDevice(id: "0000:00:01.0/vfio", section: 2)
    // What a new division gives the same length.
    device.rounds = [[[1, 2, 3]]]
    var configuration = QEMUConfiguration(machine: "pc-q35-9.2")
    configuration.capabilities = ["mapped-ram"]
    configuration.targetPageBits = 12
    var writer = QEMUStreamWriter(configuration)
    let pageCount = 64
    if isDeviceFirst {
      device.writeStart(to: &writer)
      device.writeParts(to: &writer)
    }
    writer.beginSection(.start, id: 1, name: "ram", version: 4)
    var head = QEMUSectionContent()
    head.total(UInt64(pageCount) << 12)
    head.name("pc.ram")
    head.writer.big(UInt64(pageCount) << 12)
    head.writer.big(1 as UInt32)
    head.writer.big(4096 as UInt64)
    let place = base + Int(writer.byteCount)
    let bitmapOffset = place + head.writer.count + 16
    let pagesOffset = (bitmapOffset + 8 + 0xffff) & ~0xffff
    head.writer.big(UInt64(bitmapOffset))
    head.writer.big(UInt64(pagesOffset))
    head.writer.append([0x07] + [UInt8](repeating: 0, count: 7))
    writer.append(head)
    var pages = QEMUSectionContent()
    let gap = pagesOffset - base - Int(writer.byteCount)
    pages.writer.append([UInt8](repeating: 0, count: gap + pageCount << 12))
    pages.endOfRAM()
    writer.append(pages)
    writer.endSection(id: 1)
    if !isDeviceFirst {
      device.writeStart(to: &writer)
      device.writeParts(to: &writer)
    }
    device.writeEnd(to: &writer)
    device.writeFull(to: &writer)
    writer.end()
    return [UInt8](repeating: 0x3c, count: base) + writer.bytes
  }

  private static func migration(
    _ file: [UInt8], base: Int
  ) throws -> QEMUMigration<MemoryInput<Never>> {
    try QEMUMigration([QEMUFile(MemoryInput<Never>(file, name: "image"), from: UInt64(base))])
  }

  @Test(arguments: [0, 1, 92, 70_001], [false, true])
  func placesCountFromTheStartOfTheFile(base: Int, isDeviceFirst: Bool) throws {
    let file = Self.file(base: base, isDeviceFirst: isDeviceFirst)
    let migration = try Self.migration(file, base: base)
    #expect(migration.description != nil)
    let content = migration.content(observing: { _ in })
    #expect(content.defect == nil)
    #expect(content.catalog.ram.pages.normal == 3)
    #expect(content.catalog.sections.allSatisfy { $0.offset >= UInt64(base) })
    #expect(content.catalog.byteCount == UInt64(file.count))
    #expect(content.catalog.vfioDevices[0].stateByteCount == 8)
    // Read as a stream by itself, its places are wrong.
    if base > 0 {
      let alone = try Self.migration(Array(file.dropFirst(base)), base: 0).content(observing: { _ in
      })
      #expect(alone.defect?.error.code == .malformed)
      let place = "as of a stream that begins \(base) bytes further behind in its file"
      #expect(alone.defect?.error.found.hasSuffix(place) == true)
    }
  }

  /// The stream of the file with other stop-copy state and as much pre-copy state as there was, or
  /// `more` bytes of it.
  private static func replaced(_ file: [UInt8], base: Int, preCopy more: Int) throws -> [UInt8] {
    let migration = try migration(file, base: base)
    let content = migration.content(framingOf: { _, _ in true }, observing: { _ in })
    let device = try ReplaceableDevice(content.catalog.vfioDevices[0])
    let preCopy = Int(content.catalog.vfioDevices[0].preCopyByteCount) + more
    let framing = try device.framing(
      preCopy: UInt64(preCopy), stopCopy: 500, carried: nil)
    let output = MemoryOutput<Never>()
    var state = MemoryInput<Never>([UInt8](repeating: 9, count: preCopy + 500))
    let rewriter = QEMURewriter(
      migration.main.reader(), startingAt: UInt64(base), description: migration.description,
      replacing: QEMUReplacement(
        of: device, framing: framing, configuration: device.configuration), into: output)
    try rewriter.rewrite(state: &state)
    return output.bytes
  }

  @Test(arguments: [false, true])
  func whatMovesBehindMappedRAMIsWritten(isDeviceFirst: Bool) throws {
    let base = 5000
    let file = Self.file(base: base, isDeviceFirst: isDeviceFirst)
    let stream = try Self.replaced(file, base: base, preCopy: 0)
    let copy = Array(file.prefix(base)) + stream
    let content = try Self.migration(copy, base: base).content(observing: { _ in })
    #expect(content.defect == nil)
    #expect(content.catalog.ram.pages.normal == 3)
    #expect(content.catalog.vfioDevices[0].stopCopyByteCount == 500)
  }

  @Test func whatWouldMoveMappedRAMIsRefused() throws {
    let file = Self.file(base: 5000, isDeviceFirst: true)
    #expect {
      _ = try Self.replaced(file, base: 5000, preCopy: 7)
    } throws: { error in
      guard case .stream(let cause) = error as? QEMUTransferError<Never, Never> else {
        return false
      }
      return cause.code == .irreplaceable && cause.found == "one that is 7 bytes longer"
    }
    // Behind the RAM it may.
    let other = Self.file(base: 5000)
    #expect(throws: Never.self) { try Self.replaced(other, base: 5000, preCopy: 7) }
  }
}
