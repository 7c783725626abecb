import ByteIO
import Devices
import TestSupport
import Testing
import VFIOUser

/// Messages as they were seen on sockets of libvfio-user and QEMU 11.1, and every kind of our own
/// there and back.
@Suite struct WireTests {
  private static func message(_ digits: String) throws -> Message {
    let bytes = try #require([UInt8](hexadecimal: digits))
    let head = try MessageHead(parsing: bytes.span.raw, limit: 1 << 21)
    #expect(Int(head.byteCount) == bytes.count)
    return Message(
      head.number, head.command, head.kind, body: Array(bytes.dropFirst(MessageHead.byteCount)))
  }

  @Test func aTransitionIsReadAsLibvfioUserTakesIt() throws {
    let command = try Self.message(
      "2a001000 20000000 00000000 00000000 10000000 02000200 06000000 ffffffff")
    let request = try Request(parsing: command.body.span.raw, of: command.command)
    #expect(
      request
        == .feature(
          FeatureRequest(.migrationState, .set, [6, 0, 0, 0, 255, 255, 255, 255])))
    #expect(Message(0x2a, .feature, .command(wantsReply: true), body: request.body) == command)
  }

  @Test func aRefusalHasItsErrno() throws {
    let reply = try Self.message("11001000 10000000 21000000 16000000")
    #expect(reply.kind == .failure(.invalid))
    #expect(reply.bytes == [UInt8](hexadecimal: "11001000 10000000 21000000 16000000"))
  }

  @Test func aRefusalWithoutNumberIsOne() throws {
    #expect(try Self.message("11001000 10000000 21000000 00000000").kind == .failure(.inputOutput))
  }

  /// What nobody knows is still a message, as long as it says.
  @Test func aTypeThatNobodyKnowsIsReadAndWritten() throws {
    for type in 2...15 as ClosedRange<UInt8> {
      let message = Message(7, .reset, .other(type: type), body: [1, 2])
      let head = try MessageHead(parsing: message.bytes.span.raw, limit: 64)
      #expect(head == MessageHead(message) && head.kind == .other(type: type))
    }
  }

  @Test func stateIsNoLongerThanItSays() throws {
    // libvfio-user fills the reply up with zeros.
    let body = try #require([UInt8](hexadecimal: "0c000000 04000000 01020304 00000000 00000000"))
    let reply = try Reply(
      parsing: body.span.raw, to: .readMigrationData(replyLimit: 20, byteCount: 12))
    #expect(reply == .migrationData([1, 2, 3, 4]))
  }

  /// QEMU's offer: a reply of ours must not be longer than it, and has minor version 0.
  @Test func anAnswerFitsIntoQEMUsBuffer() throws {
    let text =
      #"{"capabilities": {"pgsizes": 4096, "max_msg_fds": 16, "max_dma_maps": 65535, "#
      + #""max_data_xfer_size": 1048576, "migration": {"max_bitmap_size": 268435456, "#
      + #""pgsize": 4096}, "write_multiple": true}}"#
    let body: [UInt8] = [0, 0, 0, 0] + [UInt8](text.utf8) + [0]
    #expect(MessageHead.byteCount + body.count == 214)
    guard case .version(let offer) = try Request(parsing: body.span.raw, of: .version) else {
      Issue.record("expected a version")
      return
    }
    #expect(offer.minor == 0)
    #expect(offer.capabilities?.mappingLimit == 65535)
    #expect(offer.capabilities?.migrationPageByteCount == 4096)
    var own = VersionOffer.Capabilities()
    own.descriptorLimit = 16
    own.transferByteLimit = 1 << 20
    own.mappingLimit = 65535
    own.pageSizes = 4096
    own.takesWriteMultiple = true
    own.migrationPageByteCount = 4096
    let answer = offer.answer(own)
    #expect(answer.minor == 0)
    let reply = Message(0, .version, .reply, body: Request.version(answer).body)
    #expect(reply.bytes.count <= 214)
    // Nothing that was not offered.
    #expect(VersionOffer(minor: 1).answer(own).capabilities?.mappingLimit == nil)
  }

  static let requests: [Request] = [
    .version(VersionOffer(minor: 1)),
    .mapDMA(
      DMAMapping(
        access: [.read, .write], offset: 4096, range: AddressRange(start: 1 << 40, byteCount: 8192))
    ),
    .unmapDMA(DMAUnmapping(range: AddressRange(start: 1 << 40, byteCount: 8192))),
    .unmapDMA(DMAUnmapping(flags: 2, range: AddressRange(start: 0, byteCount: 0))),
    .deviceInformation(InformationRequest(replyLimit: 16)),
    .regionInformation(InformationRequest(replyLimit: 32, index: 7)),
    .regionIODescriptors(InformationRequest(replyLimit: 16, index: 2)),
    .interruptInformation(InformationRequest(replyLimit: 16, index: 2)),
    .setInterrupts(InterruptSetup(.trigger, .eventfds, index: 2, start: 3, count: 5)),
    .setInterrupts(InterruptSetup(.mask, .booleans([true, false]), index: 0, count: 2)),
    .setInterrupts(InterruptSetup(.unmask, .none, index: 1, count: 0)),
    .readRegion(RegionRange(region: 7, offset: 64, byteCount: 4)),
    .writeRegion(RegionRange(region: 0, offset: 5, byteCount: 3), [1, 2, 3]),
    .writeRegions([
      RegionWrite(region: 0, offset: 8, bytes: [1, 2, 3, 4]),
      RegionWrite(region: 1, offset: 16, bytes: [9]),
    ]),
    .readDMA(AddressRange(start: 4096, byteCount: 16)),
    .writeDMA(address: 4096, [7, 8]),
    .reset,
    .feature(FeatureRequest(.migration, .get, replyLimit: 16)),
    .readMigrationData(replyLimit: 4104, byteCount: 4096),
    .writeMigrationData([5, 6, 7]),
    .unknown(MessageCommand(rawValue: 14), [1]),
  ]

  @Test(arguments: requests)
  func aRequestIsReadAsItIsWritten(request: Request) throws {
    #expect(try Request(parsing: request.body.span.raw, of: request.command) == request)
  }

  @Test func everyCommandHasARequest() {
    let commands = Set(Self.requests.map(\.command))
    #expect(MessageCommand.all.allSatisfy(commands.contains))
  }

  /// Whatever is cut off the end, the error names a byte of the message, and nothing else happens.
  @Test(arguments: requests)
  func aTornRequestIsRefusedOrReads(request: Request) {
    let body = request.body
    for count in 0..<body.count {
      do throws(MessageError) {
        _ = try Request(parsing: body.span.raw.extracting(first: count), of: request.command)
      } catch {
        #expect(error.command == request.command)
        #expect((MessageHead.byteCount...MessageHead.byteCount + count).contains(error.offset))
      }
    }
  }

  @Test(arguments: seeds(200))
  func noiseIsRefusedOrSurvivesARoundTrip(seed: UInt64) throws {
    var generator = SplitMix64(seed: seed)
    for command in MessageCommand.all {
      let count = Int.random(in: 0...64, using: &generator)
      let body = (0..<count).map { _ in
        // Small numbers, so that counts are sometimes right.
        UInt8.random(in: 0...(Bool.random(using: &generator) ? 3 : 255), using: &generator)
      }
      guard let request = try? Request(parsing: body.span.raw, of: command) else { continue }
      let again = try Request(parsing: request.body.span.raw, of: command)
      #expect(again == request)
    }
  }

  @Test func regionsAreAnsweredWithinTheirLimit() throws {
    let sparse = InformationCapability(
      id: 1, version: 1, bytes: [1, 0, 0, 0, 0, 0, 0, 0] + [UInt8](repeating: 0, count: 16))
    let region = RegionInformation(
      index: 0, flags: [.read, .write, .map], byteCount: 8192, offset: 4096,
      capabilities: [sparse])
    for (limit, hasChain) in [(32, false), (63, false), (64, true), (100, true)] as [(UInt32, Bool)]
    {
      let request = Request.regionInformation(InformationRequest(replyLimit: limit, index: 0))
      let body = Reply.region(region, needed: 64).body(to: request)
      #expect(body.count == (hasChain ? 64 : 32))
      guard case .region(let found, let needed) = try Reply(parsing: body.span.raw, to: request)
      else {
        Issue.record("expected a region")
        continue
      }
      #expect(needed == 64)
      #expect(found.capabilities == (hasChain ? [sparse] : []))
    }
  }
}

extension [UInt8] {
  /// Bytes as pairs of hexadecimal digits, with spaces wherever they help.
  fileprivate init?(hexadecimal text: String) {
    let digits = text.filter { $0 != " " }
    let pairs = stride(from: 0, to: digits.count, by: 2).map { digits.dropFirst($0).prefix(2) }
    let bytes = pairs.compactMap { UInt8($0, radix: 16) }
    guard bytes.count == pairs.count else { return nil }
    self = bytes
  }
}
