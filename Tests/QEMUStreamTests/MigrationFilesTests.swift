import ByteIO
import QEMUStream
import TestSupport
import Testing

/// A migration in several files.
@Suite struct MigrationFilesTests {
  private static let uuid = [UInt8](1...16)

  /// A machine with one device, whose packets go over two channels in turns.
  private static func files(uuid: [UInt8] = uuid) -> (device: SampleDevice, files: [[UInt8]]) {
    var device = SampleDevice(id: "a/vfio", section: 7)
    device.usesMultifd = true
    var configuration = QEMUConfiguration(machine: "pc")
    configuration.uuid = uuid
    var main = QEMUStreamWriter(configuration)
    device.writeStart(to: &main)
    device.writeParts(to: &main)
    device.writeEnd(to: &main)
    device.writeFull(to: &main)
    main.end()
    var channels = (0...1).map { MultifdChannelWriter(uuid: Self.uuid, number: $0) }
    for packet in device.packets {
      channels[Int(packet.index % 2)].deviceState(
        packet.data, of: device.id, index: packet.index, isConfiguration: packet.isConfiguration)
    }
    return (device, [main.bytes] + channels.map(\.bytes))
  }

  private static func migration(
    _ files: [[UInt8]]
  ) throws -> QEMUMigration<MemoryInput<Never>> {
    try QEMUMigration(
      files.enumerated().map { QEMUFile(MemoryInput<Never>($1, name: "file \($0)")) })
  }

  /// The content of a migration that was read.
  ///
  /// Names every argument, because Swift 6.3 crashes on a default closure that throws `Never`.
  private static func content(
    _ migration: QEMUMigration<MemoryInput<Never>>,
    framingOf isFramingKept: (Int, String) -> Bool = { _, _ in false },
    progress: @escaping (UInt64) -> Void = { _ in }
  ) -> QEMUMigrationContent {
    migration.content(framingOf: isFramingKept, progress: progress, observing: { _ in })
  }

  // MARK: Functions that QEMU emulates

  private static func state(_ space: [UInt8]) -> [UInt8] {
    [0, 0, 0, 2] + space + [0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0]
  }

  /// A stream with one function, whose state has eight bytes of another struct before it.
  private static func emulated(
    _ space: [UInt8], _ fields: String, before: Int = 8, size: String = ""
  ) -> [UInt8] {
    var main = QEMUStreamWriter(QEMUConfiguration(machine: "pc"))
    let content = [UInt8](repeating: 9, count: before) + state(space) + [1, 2, 3]
    main.section(.full, id: 3, name: "0000:00:03.0/thing", instance: 0, version: 1) {
      $0.writer.append(content)
    }
    main.section(.full, id: 4, name: "hpet", instance: 0, version: 1) { $0.writer.append([5]) }
    main.end(
      description: """
        {"page_size": 4096, "devices": [{"name": "0000:00:03.0/thing", "instance_id": 0, \(size) \
        "vmsd_name": "thing", "version": 1, "fields": [\(fields)]}, \
        {"name": "hpet", "instance_id": 0, "fields": [{"name": "a", "size": 1}]}]}
        """)
    return main.bytes
  }

  private static func pciDevice(_ count: Int) -> String {
    """
    {"name": "parent_obj", "type": "struct", "struct": {"vmsd_name": "PCIDevice", "fields": \
    [{"name": "version_id", "type": "int32 le", "size": 4}, \
    {"name": "config[0]", "type": "pci config", "size": \(count)}, \
    {"name": "irq_state", "type": "pci irq state", "size": 16}]}, "size": \(count + 20)}
    """
  }

  @Test(arguments: [256, 4096])
  func theDescriptionTellsWhereAFunctionsSpaceLies(byteCount: Int) throws {
    let space = SampleDevice.space(byteCount: byteCount, vectors: 3)
    let fields =
      #"{"name": "first", "array_len": 2, "type": "uint32", "size": 4}, "#
      + Self.pciDevice(byteCount) + #", {"name": "rest", "size": 3}"#
    let migration = try Self.migration([Self.emulated(space, fields)])
    let content = Self.content(migration)
    #expect(content.defect == nil)
    let functions = content.emulatedFunctions
    #expect(functions.map(\.name) == ["0000:00:03.0/thing"])
    #expect(functions.map(\.byteCount) == [byteCount])
    #expect(try migration.space(of: #require(functions.first)) == space)
  }

  /// A virtio device, and one of old, are one field, which begins with the function's state.
  @Test(arguments: ["virtio", "buffer"], [256, 4096])
  func aFieldThatIsNotDescribedBeginsWithTheFunction(type: String, byteCount: Int) throws {
    var space = SampleDevice.space(byteCount: byteCount, vectors: 3)
    // Only a function of PCI Express has the longer space.
    if byteCount == 4096 { space.replaceSubrange(0x40..<0x44, with: [0x10, 0, 0x02, 0]) }
    let field = #"{"name": "data", "type": "\#(type)", "size": \#(byteCount + 23)}"#
    // What QEMU does not look into at all has a size of its own.
    let size = type == "buffer" ? #""size": \#(byteCount + 23),"# : ""
    let migration = try Self.migration([Self.emulated(space, field, before: 0, size: size)])
    let functions = Self.content(migration).emulatedFunctions
    #expect(try migration.space(of: #require(functions.first)) == space)
  }

  @Test func aSectionWithoutAFunctionThereIsRefused() throws {
    let field = #"{"name": "data", "type": "virtio", "size": 287}"#
    let space = SampleDevice.space()
    let migration = try Self.migration([Self.emulated(space, field, before: 8)])
    let function = try #require(Self.content(migration).emulatedFunctions.first)
    #expect(throws: QEMUReadError<Never>.self) { try migration.space(of: function) }
  }

  @Test(arguments: [[0, 1, 2], [2, 1, 0], [1, 0, 2]])
  func theOrderOfTheFilesDoesNotMatter(order: [Int]) throws {
    let (device, files) = Self.files()
    let migration = try Self.migration(order.map { files[$0] })
    #expect(migration.main.name == "file \(order.firstIndex(of: 0) ?? -1)")
    #expect(migration.description != nil)
    var progress: [UInt64] = []
    let content = Self.content(migration, progress: { progress.append($0) })
    #expect(content.defect == nil)
    #expect(content.isWhole(0))
    let summary = try #require(content.catalog.vfioDevices.first)
    #expect(summary.configuration == device.configuration)
    #expect(summary.statePrefix == device.state)
    #expect(content.packets.first??.stateByteCount == summary.stopCopyByteCount)
    #expect(progress.sorted() == progress)
    #expect(progress.last == migration.byteCount)
  }

  @Test func exactlyOneFileIsTheMainChannel() {
    let (_, files) = Self.files()
    for choice in [[1, 2], [0, 0], []] {
      #expect {
        _ = try Self.migration(choice.map { files[$0] })
      } throws: { error in
        guard case .stream(let cause) = error as? QEMUReadError<Never> else { return false }
        return cause.code == .noMainChannel
      }
    }
  }

  @Test func aDefectNamesTheFirstFileThatDoesNotFit() throws {
    let (_, files) = Self.files()
    let twice = Self.content(try Self.migration(files + [files[1]]))
    #expect(twice.defect?.path == "file 3")
    #expect(twice.defect?.error.code == .differentMigration)
    let gap = Self.content(try Self.migration([files[0], files[2]]))
    #expect(gap.defect?.path == "file 0")
    #expect(gap.defect?.error.code == .missingPacket)
    #expect(!gap.isWhole(0))
    let other = try Self.migration([Self.files(uuid: [UInt8](2...17)).files[0], files[1]])
    #expect(Self.content(other).defect?.path == "file 1")
  }

  @Test func onlyTheDevicesThatAreAskedForHaveTheirFraming() throws {
    let content = Self.content(
      try Self.migration([SampleMachine().stream]),
      framingOf: { number, name in number == 1 && name == "0000:00:02.0/vfio" })
    #expect(content.catalog.vfioDevices.map { $0.framing == nil } == [true, false])
  }
}
