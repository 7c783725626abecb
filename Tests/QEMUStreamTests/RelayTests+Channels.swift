import ByteIO
import PCIConfig
import QEMUStream
import TestSupport
import Testing

/// What passes beside the main channel: multifd channels, and the way back.
extension RelayTests {
  // MARK: Multifd channels

  static func channel(_ space: [UInt8]) -> [UInt8] {
    var device = SampleDevice(id: "0000:00:01.0/vfio", section: 7)
    device.configuration = VFIOConfiguration(space: space)
    var writer = MultifdChannelWriter(uuid: [UInt8](1...16), number: 1)
    writer.pages([UInt8](repeating: 1, count: 8192), zero: 5, of: "pc.ram")
    for packet in device.packets {
      writer.deviceState(
        packet.data, of: device.id, index: packet.index, isConfiguration: packet.isConfiguration)
    }
    writer.pages([UInt8](repeating: 2, count: 4096), of: "pc.ram")
    return writer.bytes
  }

  static func relay(
    channel: [UInt8], _ rules: RelayRules, step: Int = .max
  ) -> (output: [UInt8], error: QEMUStreamError?) {
    let output = MemoryOutput<Never>()
    do {
      try MultifdChannelRelay(
        MemoryInput<Never>(channel, pieceByteCount: step), output, rules: rules
      ).run { QEMUConfiguration(machine: "pc-q35-11.1") }
    } catch .stream(let error) {
      return (output.bytes, error)
    } catch {}
    return (output.bytes, nil)
  }

  @Test(arguments: [.max, 61, 1] as [Int])
  func aChannelsRecordIsJudgedAndLaidAnew(step: Int) throws {
    let channel = Self.channel(Self.space())
    let same = Self.relay(channel: channel, try Self.rules(Notes()), step: step)
    #expect(same.error == nil)
    #expect(same.output == channel)
    let changed = Self.relay(channel: channel, try Self.rules(Notes(), deviceByte: 5), step: step)
    #expect(changed.error == nil)
    var expected = Self.space()
    expected[Self.relaid] = 5
    #expect(changed.output == Self.channel(expected))
    let refused = Self.relay(
      channel: channel, try Self.rules(Notes(), deviceByte: 0x15), step: step)
    #expect(refused.error?.code == .refused)
    let start = try #require(channel.indices.first { channel[$0...].starts(with: Self.space()) })
    #expect(refused.output.count < start)
  }

  @Test func anUnknownPacketIsRefusedOrPassesOn() throws {
    var channel = Self.channel(Self.space())
    channel +=
      [0x11, 0x22, 0x33, 0x44, 0, 0, 0, 1, 0, 0, 0x10, 0] + [UInt8](repeating: 9, count: 99)
    #expect(Self.relay(channel: channel, try Self.rules(Notes())).error?.code == .unsupported)
    let seen = Self.relay(channel: channel, try Self.rules(Notes(), isObserving: true))
    #expect(seen.error == nil)
    #expect(seen.output == channel)
  }

  // MARK: The way back

  @Test(arguments: [.max, 3, 1] as [Int]) func theDestinationsLastWordIsHeard(step: Int) {
    let pong: [UInt8] = [0, 2, 0, 4, 0, 0, 0, 1]
    let pages: [UInt8] = [0, 3, 0, 14] + [UInt8](repeating: 1, count: 14)
    func scan(_ bytes: [UInt8]) -> Bool? {
      var scanner = ReturnPathScanner()
      for start in stride(from: 0, to: bytes.count, by: min(step, bytes.count)) {
        let part = Array(bytes[start...].prefix(step))
        scanner.scan(part.span.raw)
      }
      return scanner.hasLoaded
    }
    #expect(scan(pong + pages) == nil)
    #expect(scan(pong + pages + [0, 6, 0, 0] + [0, 1, 0, 4, 0, 0, 0, 0]) == true)
    #expect(scan(pong + [0, 1, 0, 4, 0, 0, 0, 1]) == false)
    // Behind what has no end that could be told, nothing is heard.
    #expect(scan([0, 5, 0, 1, 7, 0, 1, 0, 4, 0, 0, 0, 0]) == nil)
    #expect(scan([0xff, 0xff, 0xff, 0xff] + [0, 1, 0, 4, 0, 0, 0, 0]) == nil)
  }
}
