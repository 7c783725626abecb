import ByteIO
import QEMUStream
import TestSupport
import Testing

/// State that went over multifd channels.
@Suite struct MultifdTests {
  private static let uuid = [UInt8](1...16)

  private static func channel(
    _ packets: [DeviceStatePacket.Sample], step: Int = .max
  ) throws -> [MultifdPacket] {
    var writer = MultifdChannelWriter(uuid: uuid, number: 3)
    for packet in packets {
      writer.deviceState(
        packet.data, of: packet.device, index: packet.index,
        isConfiguration: packet.isConfiguration)
    }
    return try read(writer.bytes, step: step)
  }

  private static func read(_ bytes: [UInt8], step: Int = .max) throws -> [MultifdPacket] {
    var reader = MultifdChannelReader(MemoryInput<Never>(bytes, pieceByteCount: step), pageBits: 12)
    let head = try reader.readHead()
    #expect(head.uuid == uuid)
    #expect(head.channel == 3)
    var packets: [MultifdPacket] = []
    while let packet = try reader.next() { packets.append(packet) }
    return packets
  }

  private static func sequence(
    _ indexes: [UInt32], configuration: UInt32?
  ) throws -> DeviceStatePackets.Sequence? {
    var packets = DeviceStatePackets()
    for index in indexes {
      let sample = DeviceStatePacket.Sample(
        device: "a/vfio", index: index, data: [UInt8(truncatingIfNeeded: index)],
        isConfiguration: index == configuration)
      guard case .deviceState(let packet) = try channel([sample])[0] else { continue }
      try packets.add(packet, file: 1)
    }
    return try packets.sequence(of: "a/vfio", instance: 0)
  }

  @Test(arguments: [.max, 4096, 1] as [Int])
  func pagesAndStateAreRead(step: Int) throws {
    var writer = MultifdChannelWriter(uuid: Self.uuid, number: 3)
    writer.pages([UInt8](repeating: 1, count: 8192), zero: 5, of: "pc.ram")
    writer.pages([], of: "", staleSize: 8192)
    writer.deviceState([1, 2, 3], of: "a/vfio", instance: 2, index: 0)
    writer.pages([], zero: 1, of: "pc.ram")
    let packets = try Self.read(writer.bytes, step: step)
    #expect(packets.count == 4)
    guard case .pages(let pages, "pc.ram") = packets[0] else {
      Issue.record("no pages")
      return
    }
    #expect(pages.normal == 2 && pages.zero == 5)
    guard case .deviceState(let state) = packets[2] else {
      Issue.record("no state")
      return
    }
    #expect(state.device == "a/vfio" && state.instance == 2 && state.dataByteCount == 3)
    let data = writer.bytes[Int(state.dataOffset)..<Int(state.dataOffset) + 3]
    #expect(Array(data) == [1, 2, 3])
  }

  @Test func everyOrderOfPacketsGivesTheSame() throws {
    for order in [[0, 1, 2, 3], [3, 2, 1, 0], [2, 0, 3, 1]] as [[UInt32]] {
      let sequence = try #require(try Self.sequence(order, configuration: 3))
      #expect(sequence.state.map(\.index) == [0, 1, 2])
      #expect(sequence.configuration.index == 3)
      #expect(sequence.stateByteCount == 3)
    }
  }

  @Test func gapsAndDuplicatesAreRefused() {
    func code(_ indexes: [UInt32], _ configuration: UInt32?) -> QEMUStreamError.Code? {
      do {
        _ = try Self.sequence(indexes, configuration: configuration)
        return nil
      } catch {
        return (error as? QEMUStreamError)?.code
      }
    }
    #expect(code([0, 2], 2) == .missingPacket)
    #expect(code([1], 1) == .missingPacket)
    #expect(code([0, 1, 1, 2], 2) == .duplicatePacket)
    #expect(code([0, 1], nil) == .missingPacket)
    #expect(code([0, 1, 2], 1) == .malformed)
    // An index as large as can be takes no room.
    #expect(code([0, .max - 1], .max - 1) == .missingPacket)
  }

  @Test func packetsOfADeviceThatTheMainChannelHasAreRefused() throws {
    var device = SampleDevice(id: "a/vfio", section: 3)
    let packets = device.packets
    let sequence = try #require(
      try Self.sequence(packets.map(\.index), configuration: packets.last?.index))
    let record = try #require(packets.last?.data)
    func add(_ build: (SampleDevice, inout QEMUStreamWriter) -> Void) throws -> VFIODeviceSummary {
      var writer = QEMUStreamWriter(QEMUConfiguration(machine: "pc"))
      build(device, &writer)
      writer.end()
      var catalog = ReadStream(writer.bytes).catalog
      try catalog.add(sequence, configuration: record, prefix: [], toDevice: 0)
      return catalog.vfioDevices[0]
    }
    device.usesMultifd = true
    let summary = try add { device, writer in
      device.writeStart(to: &writer)
      device.writeEnd(to: &writer)
      device.writeFull(to: &writer)
    }
    #expect(summary.configuration == device.configuration)
    #expect(summary.stopCopyByteCount == 2)
    // State alone, and the configuration alone.
    device.usesMultifd = false
    let builds: [(SampleDevice, inout QEMUStreamWriter) -> Void] = [
      { device, writer in
        device.writeStart(to: &writer)
        device.writeEnd(to: &writer)
      },
      { $0.writeFull(to: &$1) },
    ]
    for build in builds {
      #expect { try add(build) } throws: {
        ($0 as? QEMUStreamError)?.code == .differentMigration
      }
    }
  }

  @Test func hostilePacketsAreRefused() throws {
    func code(_ bytes: [UInt8]) -> QEMUStreamError.Code? {
      do {
        _ = try Self.read(bytes)
        return nil
      } catch QEMUReadError<Never>.stream(let error) {
        return error.code
      } catch {
        return nil
      }
    }
    var good = MultifdChannelWriter(uuid: Self.uuid, number: 3)
    good.deviceState([1, 2], of: "a", index: 0)
    let bytes = good.bytes
    #expect(code(bytes) == nil)
    for count in 64 + 1..<bytes.count { #expect(code(Array(bytes[..<count])) == .torn) }
    func changed(_ offset: Int, _ value: [UInt8]) -> [UInt8] {
      var bytes = bytes
      bytes.replaceSubrange(64 + offset..<64 + offset + value.count, with: value)
      return bytes
    }
    #expect(code(changed(0, [9])) == .malformed)
    #expect(code(changed(7, [2])) == .unsupportedVersion)
    #expect(code(changed(272, [0, 0, 0, 11])) == .malformed)
    #expect(code(changed(272, [255, 255, 255, 255])) == .torn)
    #expect(code(changed(279, [1])) == .unsupportedVersion)
    #expect(code(changed(280, [255, 255, 255, 255])) == .malformed)
    var pages = MultifdChannelWriter(uuid: Self.uuid, number: 3)
    pages.pages([], zero: 129, of: "pc.ram")
    #expect(code(pages.bytes) == .malformed)
  }
}

extension DeviceStatePacket {
  struct Sample {
    var device: String
    var index: UInt32
    var data: [UInt8]
    var isConfiguration: Bool
  }
}
