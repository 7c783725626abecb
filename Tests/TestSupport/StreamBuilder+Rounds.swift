import MigrationStream

extension StreamBuilder {
  /// Devices whose state is sent again, round by round, with some of it changed, and at last what
  /// they have when they stand still; chunks of 64 KiB and a window of `windowByteCount`.
  public static func rounds(
    _ roundCount: Int, deviceCount: Int = 2, chunkCount: Int = 4, windowByteCount: UInt64,
    using random: inout SplitMix64
  ) -> StreamBuilder {
    var builder = StreamBuilder()
    builder.header = StreamHeader(
      uuid: uuid,
      limits: StreamLimits(
        chunkByteCount: 64 << 10, metadataByteCount: 1 << 20, windowByteCount: windowByteCount))
    builder.indexThreshold = 2
    builder.devices = (0..<deviceCount).map { _ in Device() }
    // Text and noise by turns, each block different from all others.
    var images: [[UInt8]] = []
    for _ in 0..<deviceCount {
      var image: [UInt8] = []
      for block in 0..<chunkCount * 16 { image += random.block(block) }
      images.append(image)
    }
    for round in 0...roundCount {
      for device in images.indices {
        for _ in 0..<chunkCount {
          let start = Int.random(in: 0..<images[device].count / 4096, using: &random) * 4096
          images[device].replaceSubrange(start..<start + 4096, with: random.bytes(4096))
        }
        let context =
          round < roundCount
          ? StateChunk.Context(phase: .preCopy, iteration: UInt32(round))
          : StateChunk.Context(phase: .stopCopy)
        builder.pieces.append(
          Piece(device: UInt16(device), context: context, bytes: images[device]))
      }
    }
    return builder
  }

  /// The state of each device.
  public var states: [[UInt8]] {
    devices.indices.map { number in pieces.filter { Int($0.device) == number }.flatMap(\.bytes) }
  }
}

extension SplitMix64 {
  fileprivate mutating func block(_ number: Int) -> [UInt8] {
    if number % 3 == 0 { return bytes(4096) }
    var block: [UInt8] = []
    for index in 0..<4096 {
      let noise = UInt8(truncatingIfNeeded: next() & 3)
      block.append(UInt8(truncatingIfNeeded: (index / 7) &* (number + 3)) ^ noise)
    }
    return block
  }
}
