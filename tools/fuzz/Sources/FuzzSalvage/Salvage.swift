import ByteIO
import FuzzSupport
import MigrationStream
import StreamIO

/// What salvage finds in a stream.
struct Salvage {
  /// A chunk by its place in the state, and its bytes: how the rest of its head is read depends on
  /// a stream header that may be damaged.
  struct Chunk: Hashable {
    var device: UInt16
    var stateOffset: UInt64
    var byteCount: UInt32
    var checksum: UInt32

    init(_ chunk: StateChunk, _ checksum: UInt32) {
      device = chunk.device
      stateOffset = chunk.stateOffset
      byteCount = chunk.byteCount
      self.checksum = checksum
    }
  }

  private(set) var chunks: Set<Chunk> = []
  private(set) var records: [Record] = []
  private(set) var isWhole = false

  /// Salvages `stream`; nil if it is none.
  init?(_ stream: [UInt8]) {
    do throws(StreamIOError) {
      var salvage = try StreamSalvage(MemoryInput(stream))
      while let record = try salvage.next() {
        switch record.content {
        case .chunk(let chunk):
          chunks.insert(Chunk(chunk, CRC32C.checksum(of: salvage.chunkBytes)))
        case .metadata(let value): records.append(value)
        }
      }
      isWhole = salvage.report.isWhole
    } catch {
      // Nothing that memory itself could be at fault for.
      _ = error.streamError
      return nil
    }
  }
}

/// What happens to a stream at a place: bytes change, go, or come twice.
struct Damage {
  static let byteCount = 5

  private let kind: UInt8
  private let start: Int
  private let count: Int
  private let mask: UInt8

  init(_ bytes: ArraySlice<UInt8>) {
    let bytes = [UInt8](bytes)
    kind = bytes[0] % 3
    start = Int(bytes[1]) << 8 | Int(bytes[2])
    count = 1 + Int(bytes[3])
    mask = bytes[4] | 1
  }

  func strike(_ stream: inout [UInt8]) {
    guard !stream.isEmpty else { return }
    let start = start % stream.count
    let range = start..<min(start + count, stream.count)
    switch kind {
    case 0: for index in range { stream[index] ^= mask }
    case 1: stream.removeSubrange(range)
    default: stream.insert(contentsOf: stream[range], at: start)
    }
  }
}
