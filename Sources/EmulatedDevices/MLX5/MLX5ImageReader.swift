import ByteIO
import Devices

/// The firmware's side of an image that comes in. It takes pieces of any size, keeps only which
/// blocks came, and gives its verdict when the image is complete.
struct MLX5ImageReader {
  private var head: [UInt8] = []
  private var image: MLX5Image?
  private var loaded: [(block: Int, generation: UInt32)] = []
  private var words = [UInt64](repeating: 0, count: GeneratedMemory.blockByteCount / 8)
  private var bodyByteCount = 0
  private var position = 0
  private var defect: LinuxErrno?
  private let byteCount: UInt64

  /// A reader for a device with a context of `byteCount`.
  init(byteCount: UInt64) { self.byteCount = byteCount }

  mutating func write(_ bytes: RawSpan) {
    var taken = 0
    while taken < bytes.byteCount, defect == nil {
      if position < bodyByteCount {
        let part = min(bytes.byteCount - taken, bodyByteCount - position)
        compare(bytes.extracting(taken..<taken + part))
        taken += part
        continue
      }
      let wanted = image == nil ? MLX5Image.headerByteCount : GeneratedMemory.blockHeaderByteCount
      let part = min(wanted - head.count, bytes.byteCount - taken)
      head += [UInt8](bytes.extracting(taken..<taken + part))
      taken += part
      if head.count == wanted { begin() }
    }
  }

  private mutating func begin() {
    let head = head
    self.head = []
    guard let image else {
      guard let image = MLX5Image(parsing: head) else { return fail() }
      self.image = image
      // LIM_ERR.
      if image.contextByteCount > byteCount { defect = .outOfMemory }
      return
    }
    let fields = head.span.raw
    let number = fields.little(UInt64.self, at: 0)
    let memory = GeneratedMemory.byteCounts(image.contextByteCount)
    guard loaded.count < memory.blockCount, UInt64(loaded.count) < image.blockCount,
      number < UInt64(memory.blockCount),
      fields.little(UInt32.self, at: 12) == UInt32(memory.byteCount(ofBlock: Int(number)))
    else { return fail() }
    let generation = fields.little(UInt32.self, at: 8)
    loaded.append((Int(number), generation))
    bodyByteCount = memory.byteCount(ofBlock: Int(number))
    position = 0
    GeneratedMemory.fill(
      &words, seed: image.seed, block: Int(number), generation: generation)
  }

  private mutating func compare(_ bytes: RawSpan) {
    let range = position..<position + bytes.byteCount
    position = range.upperBound
    // SAFETY: an integer has no padding.
    let isSame = unsafe bytes == words.span.bytes.extracting(range)
    if !isSame { fail() }
  }

  // BAD_INP_LEN and INTERNAL_ERR are both EIO (mlx5_cmd_check,
  // drivers/net/ethernet/mellanox/mlx5/core/cmd.c).
  private mutating func fail() { defect = .inputOutput }

  /// LOAD_VHCA_STATE: `memory` with the complete image applied; `sequence` is the number that the
  /// image must have.
  ///
  /// Throws EIO if the image is not whole or no image, EINVAL if it needs another firmware or
  /// another image before it, and ENOMEM if its context is larger.
  func load(
    onto memory: GeneratedMemory, _ settings: MLX5Settings, sequence: UInt32
  ) throws(LinuxErrno) -> GeneratedMemory {
    if let defect { throw defect }
    guard let image, head.isEmpty, position == bodyByteCount,
      UInt64(loaded.count) == image.blockCount
    else { throw .inputOutput }
    guard image.firmware <= settings.firmware,
      image.capabilities & ~settings.capabilities == 0, image.sequence == sequence
    else { throw .invalid }
    var result = memory
    if sequence == 0 {
      result = GeneratedMemory(byteCount: image.contextByteCount, seed: image.seed)
      // Blocks that no image brings are not there.
      for block in result.generations.indices { result.generations[block] = .max }
    }
    guard result.seed == image.seed, result.byteCount == image.contextByteCount else {
      throw .invalid
    }
    for (block, generation) in loaded { result.generations[block] = generation }
    return result
  }
}

extension GeneratedMemory {
  /// How a memory of `byteCount` is cut into blocks.
  struct Cut {
    let byteCount: UInt64
    var blockCount: Int { GeneratedMemory.blockCount(byteCount) }

    func byteCount(ofBlock block: Int) -> Int {
      let start = UInt64(block) * UInt64(GeneratedMemory.blockByteCount)
      return Int(min(UInt64(GeneratedMemory.blockByteCount), byteCount - start))
    }
  }

  static func byteCounts(_ byteCount: UInt64) -> Cut { Cut(byteCount: byteCount) }
}
