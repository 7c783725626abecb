import StateTestSupport
import TestSupport

/// A state of an Intel graphics function, packet by packet.
struct XeState {
  struct Packet {
    var version: UInt8 = 1
    var type: UInt8
    var tile: UInt8 = 0
    var gt: UInt8 = 0
    var flags: UInt32 = 0
    var offset: UInt64 = 0
    /// What the header says where it lies.
    var size: UInt64?
    var payload: [UInt8] = []

    var bytes: [UInt8] {
      var writer = StateWriter()
      writer.put([version, type, tile, gt])
      writer.put(flags)
      writer.put(offset)
      writer.put(size ?? UInt64(payload.count))
      writer.put(payload)
      return writer.bytes
    }
  }

  var packets: [Packet]

  var bytes: [UInt8] { packets.flatMap(\.bytes) }

  static func words(_ words: [UInt32]) -> [UInt8] {
    var writer = StateWriter()
    for word in words { writer.put(word) }
    return writer.bytes
  }

  static func descriptor(device: UInt32, revision: UInt32) -> Packet {
    Packet(type: 1, payload: words([0xf001_0001, device, 0xf002_0001, revision]))
  }

  /// A GT with local memory in two chunks, and a media GT mixed with it.
  static var sample: XeState {
    XeState(packets: [
      descriptor(device: 0xe20b, revision: 4),
      Packet(type: 5, payload: words([1, 2, 3])),
      Packet(type: 5, gt: 1, payload: words([4])),
      Packet(type: 3, payload: words([0x1003, 0, 0x2003, 0])),
      Packet(type: 4, gt: 1, payload: words([5, 6, 7, 8])),
      Packet(type: 4, payload: words([9, 10, 11, 12])),
      Packet(type: 6, payload: Array(repeating: 0xaa, count: 4096)),
      Packet(type: 6, offset: 4096, payload: Array(repeating: 0xbb, count: 100)),
      Packet(type: 2),
    ])
  }

  static func random(seed: UInt64) -> XeState {
    var generator = SplitMix64(seed: seed)
    var queues: [[Packet]] = []
    for tile in 0..<UInt8.random(in: 1...2, using: &generator) {
      for gt in 0..<UInt8.random(in: 1...2, using: &generator) {
        let isMedia = gt == 1
        var queue = [
          Packet(
            type: 5, tile: tile, gt: gt,
            payload: generator.bytes(4 * Int.random(in: 1...300, using: &generator)))
        ]
        if !isMedia {
          queue.append(
            Packet(
              type: 3, tile: tile, gt: gt,
              payload: generator.bytes(8 * Int.random(in: 1...1500, using: &generator))))
        }
        queue.append(Packet(type: 4, tile: tile, gt: gt, payload: generator.bytes(16)))
        var offset: UInt64 = 0
        for _ in 0..<Int.random(in: 0...4, using: &generator) where !isMedia {
          let chunk = generator.bytes(Int.random(in: 1...5000, using: &generator))
          queue.append(Packet(type: 6, tile: tile, gt: gt, offset: offset, payload: chunk))
          offset += UInt64(chunk.count)
        }
        queues.append(queue)
      }
    }
    var packets = [
      descriptor(
        device: UInt32(generator.next() & 0xffff), revision: UInt32(generator.next() & 0xff))
    ]
    while let index = queues.indices.filter({ !queues[$0].isEmpty }).randomElement(
      using: &generator)
    {
      packets.append(queues[index].removeFirst())
    }
    packets.append(Packet(type: 2))
    return XeState(packets: packets)
  }
}
