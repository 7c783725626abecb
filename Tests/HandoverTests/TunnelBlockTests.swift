import ByteIO
import Handover
import MigrationStream
import TestSupport
import Testing

@Suite struct TunnelBlockTests {
  private static func block(
    _ random: inout SplitMix64
  ) -> (block: TunnelBlock, payload: [UInt8], content: [UInt8]) {
    let kind = TunnelBlock.Kind.allCases.randomElement(using: &random) ?? .alive
    var block = TunnelBlock(kind)
    var payload: [UInt8] = []
    var content: [UInt8] = []
    if [.open, .data, .end, .credit].contains(kind) {
      block.stream = .random(in: 0..<UInt16(TunnelBlock.streamLimit), using: &random)
      block.direction = .random(in: 0...1, using: &random) == 0 ? .forward : .backward
      block.position = .random(in: 0...UInt64(Int64.max), using: &random)
    }
    switch kind {
    case .data:
      block.byteCount = .random(
        in: 1...(1 << Int.random(in: 1...17, using: &random)), using: &random)
      block.coding = TunnelBlock.Coding.allCases.randomElement(using: &random) ?? .raw
      // What zstd is to shrink has something to shrink.
      if block.coding == .zstd { block.byteCount += 64 }
      let byte = UInt8.random(in: 0...255, using: &random)
      content = [UInt8](repeating: byte, count: block.byteCount)
      switch block.coding {
      case .raw:
        for index in content.indices { content[index] = .random(in: 0...255, using: &random) }
        payload = content
      case .fill: payload = [byte]
      case .zstd: payload = frame(of: content)
      }
    case .hello:
      payload = TunnelHello(connection: 1, of: 3, secret: .random()).bytes
    case .abort:
      payload = Array("it ended".utf8)
    default: break
    }
    block.payloadByteCount = payload.count
    return (block, payload, content)
  }

  private static func frame(of content: [UInt8]) -> [UInt8] {
    var frame = ByteBuffer()
    guard let compressor = ZstdCompressor(level: 1),
      compressor.compress(content.span.raw, into: &frame)
    else { return [] }
    return [UInt8](frame.bytes)
  }

  private static func bytes(_ block: TunnelBlock, _ payload: [UInt8]) -> [UInt8] {
    block.head(before: payload.span.raw) + payload
  }

  @Test(arguments: seeds(32))
  func whatIsWrittenIsReadHoweverItIsSplit(seed: UInt64) throws {
    var random = SplitMix64(seed: seed)
    let blocks = (0..<12).map { _ in Self.block(&random) }
    var source = MemoryInput<Never>(
      TunnelHello.preamble + blocks.flatMap { Self.bytes($0.block, $0.payload) },
      pieceByteCount: .random(in: 1...4096, using: &random))
    var reader = TunnelBlockReader()
    try reader.readPreamble(from: &source)
    for expected in blocks {
      let block = try reader.next(from: &source)
      #expect(block == expected.block)
      if block?.kind == .data {
        let content = try reader.takeContent(of: expected.block)
        #expect([UInt8](content.bytes) == expected.content)
      } else {
        #expect(reader.payloadBytes == expected.payload)
      }
    }
    #expect(try reader.next(from: &source) == nil)
  }

  @Test(arguments: seeds(16))
  func everyBitCounts(seed: UInt64) throws {
    var random = SplitMix64(seed: seed)
    let (block, payload, _) = Self.block(&random)
    let bytes = Self.bytes(block, payload)
    let places = Array(0..<min(bytes.count, 64)) + [bytes.count - 1]
    for place in places {
      var damaged = bytes
      damaged[place] ^= 1 << UInt8.random(in: 0...7, using: &random)
      var source = MemoryInput<Never>(damaged, pieceByteCount: .max)
      var reader = TunnelBlockReader()
      #expect(throws: TunnelBlockReader.Failure<Never>.self) {
        try reader.next(from: &source)
      }
    }
    for count in 1..<min(bytes.count, 64) {
      var source = MemoryInput<Never>(Array(bytes.prefix(count)), pieceByteCount: .max)
      var reader = TunnelBlockReader()
      #expect(throws: TunnelBlockReader.Failure<Never>.self) {
        try reader.next(from: &source)
      }
    }
  }

  @Test func boundsAreHeldBeforeAnythingIsRead() {
    func refusal(_ change: (inout [UInt8]) -> Void) -> String? {
      var block = TunnelBlock(.data)
      block.byteCount = 100
      var head = block.head(before: [UInt8](repeating: 1, count: 100).span.raw)
      change(&head)
      do {
        _ = try TunnelBlock(parsing: head.span.raw)
        return nil
      } catch {
        return "\(error.expected), \(error.found)"
      }
    }
    #expect(refusal { _ in } == nil)
    #expect(refusal { $0[4] = 9 } == "a block of the kinds 1 to 8, 9")
    #expect(refusal { $0[4] = 0 } == "a block of the kinds 1 to 8, 0")
    #expect(refusal { $0[5] = 3 } == "a coding of 0 to 2, 3")
    #expect(refusal { $0[20] = 2 } == "a direction of 0 or 1, 2")
    #expect(refusal { $0[22] = 1 } == "zeros behind the direction, other bytes")
    #expect(refusal { $0[7] = 2 } == "a connection of QEMU's below 512, 512")
    #expect(refusal { $0[19] = 0xff } == "a block with 1 to 262144 bytes of QEMU's, 4278190180")
    #expect(refusal { $0[16] = 0 } == "a block with 1 to 262144 bytes of QEMU's, 0")
    #expect(refusal { $0[3] = 0xff } == "a payload of 100 to 100 bytes, 4278190180")
    #expect(refusal { $0[15] = 0x80 } == "a position below 2^63, 9223372036854775808")
    // A fill has one byte, and a frame fewer than what it stands for.
    #expect(refusal { $0[5] = 1 } == "a payload of 1 to 1 bytes, 100")
    #expect(refusal { $0[5] = 2 } == "a payload of 1 to 99 bytes, 100")
  }

  @Test func aFrameOfAnotherSizeIsRefused() throws {
    let content = [UInt8](repeating: 7, count: 5000)
    for claimed in [4999, 5001, 200_000] {
      var block = TunnelBlock(.data)
      block.coding = .zstd
      block.byteCount = claimed
      let payload = Self.frame(of: content)
      block.payloadByteCount = payload.count
      var source = MemoryInput<Never>(Self.bytes(block, payload), pieceByteCount: .max)
      var reader = TunnelBlockReader()
      let found = try #require(try reader.next(from: &source))
      #expect(throws: TunnelDamage.self) { _ = try reader.takeContent(of: found) }
    }
  }

  @Test func otherProtocolsAreTold() {
    for (bytes, found) in [
      ([0x16, 3, 1, 0, 9, 1, 0, 0], "TLS, which this side does not have here"),
      (Array("GET / HT".utf8), "other bytes"), (Array("GET".utf8), "the connection's end"),
    ] as [([UInt8], String)] {
      var source = MemoryInput<Never>(bytes, pieceByteCount: .max)
      var reader = TunnelBlockReader()
      do {
        try reader.readPreamble(from: &source)
        Issue.record("\(bytes) was taken")
      } catch {
        guard case .damage(let damage, at: 0) = error else {
          Issue.record("\(error)")
          continue
        }
        #expect(damage.found == found)
      }
    }
  }

  @Test func aHelloOfAnotherVersionIsReadAsFarAsItCanBe() throws {
    var hello = TunnelHello(connection: 3, of: 2, secret: .random())
    #expect(throws: TunnelDamage.self) { try TunnelHello(parsing: hello.bytes) }
    hello.connectionCount = 17
    #expect(throws: TunnelDamage.self) { try TunnelHello(parsing: hello.bytes) }
    hello.versions = 2...9
    #expect(try TunnelHello(parsing: hello.bytes) == hello)
    hello.connectionCount = 4
    hello.versions = 1...2
    #expect(try TunnelHello(parsing: hello.bytes) == hello)
    #expect(throws: TunnelDamage.self) { try TunnelHello(parsing: Array(hello.bytes.dropLast())) }
  }
}
