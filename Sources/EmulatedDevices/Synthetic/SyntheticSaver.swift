import ByteIO

/// The saving side of a synthetic device: which blocks are still to be read, and what changes
/// meanwhile.
struct SyntheticSaver {
  private enum Pass {
    case range(Range<Int>)
    case list(ArraySlice<Int>)

    var count: Int {
      switch self {
      case .range(let range): range.count
      case .list(let list): list.count
      }
    }

    mutating func next() -> Int? {
      switch self {
      case .range(let range):
        guard let first = range.first else { return nil }
        self = .range(first + 1..<range.upperBound)
        return first
      case .list(var list):
        guard let first = list.popFirst() else { return nil }
        self = .list(list)
        return first
      }
    }
  }

  private let settings: SyntheticSettings
  private let preCopyBlockCount: Int
  private var passes: [Pass]
  // Whether the first pass is one of initial data.
  private var isInitial = true
  private var dirty: [Int] = []
  private var isDirty: [Bool]
  private var dirtyCredit: UInt64 = 0
  private var sentCount = 0
  private var randomState: UInt64
  private var reinitializationsLeft: Int
  // The bytes being handed out: a header, then the words of a block.
  private var head: [UInt8]
  private var words = [UInt64](repeating: 0, count: GeneratedMemory.blockByteCount / 8)
  private var bodyByteCount = 0
  private var position = 0

  init(_ memory: GeneratedMemory, _ settings: SyntheticSettings) {
    self.settings = settings
    preCopyBlockCount = GeneratedMemory.blockCount(settings.preCopyByteCount)
    passes = [.range(0..<preCopyBlockCount)]
    isDirty = [Bool](repeating: false, count: preCopyBlockCount)
    randomState = settings.seed
    reinitializationsLeft = settings.reinitializationCount
    head = SyntheticFormat.header(of: memory)
  }

  /// Has everything that is left readable, for the device has stopped.
  mutating func stop(_ memory: GeneratedMemory) {
    passes.append(.list(dirty[...]))
    passes.append(.range(preCopyBlockCount..<memory.blockCount))
    dirty = []
  }

  private var currentByteCount: UInt64 { UInt64(head.count + bodyByteCount - position) }

  var initialByteCount: UInt64 {
    guard isInitial else { return 0 }
    return currentByteCount + SyntheticFormat.byteCount(blocks: passes.first?.count ?? 0)
  }

  var dirtyByteCount: UInt64 {
    let waiting = SyntheticFormat.byteCount(blocks: dirty.count)
    if isInitial { return waiting }
    return waiting + currentByteCount
      + SyntheticFormat.byteCount(blocks: passes.first?.count ?? 0)
  }

  /// Starts over with new initial data if the last are read and more are to come; returns whether
  /// it did.
  mutating func reinitialize() -> Bool {
    guard isInitial, initialByteCount == 0, reinitializationsLeft > 0 else { return false }
    reinitializationsLeft -= 1
    sentCount = 0
    dirty = []
    isDirty = [Bool](repeating: false, count: preCopyBlockCount)
    passes = [.range(0..<preCopyBlockCount)]
    return true
  }

  /// Fills the front of `span`; returns 0 if nothing is left for now.
  mutating func read(
    into span: inout MutableRawSpan, from memory: inout GeneratedMemory, isRunning: Bool
  ) -> Int {
    var filled = 0
    while filled < span.byteCount {
      if currentByteCount == 0 {
        guard begin(in: memory, isRunning: isRunning) else { break }
      }
      let part = copy(into: &span, at: filled)
      filled += part
      if isRunning { change(&memory, for: part) }
    }
    return filled
  }

  private mutating func begin(in memory: borrowing GeneratedMemory, isRunning: Bool) -> Bool {
    while !passes.isEmpty {
      if let block = passes[0].next() {
        if block < isDirty.count { isDirty[block] = false }
        head = memory.blockHeader(of: block)
        bodyByteCount = memory.byteCount(ofBlock: block)
        position = 0
        if isInitial { sentCount += 1 }
        GeneratedMemory.fill(
          &words, seed: memory.seed, block: block, generation: memory.generations[block])
        return true
      }
      if passes.count > 1 {
        passes.removeFirst()
        isInitial = false
      } else {
        // Changes follow at once, but new initial data are announced before they come.
        guard isRunning, !dirty.isEmpty, !(isInitial && reinitializationsLeft > 0) else {
          return false
        }
        beginDirtyPass()
      }
    }
    return false
  }

  private mutating func copy(into span: inout MutableRawSpan, at offset: Int) -> Int {
    let room = span.byteCount - offset
    if position < head.count {
      let part = min(room, head.count - position)
      span.copy(head.span.raw.extracting(position..<position + part), at: offset)
      position += part
      return part
    }
    let start = position - head.count
    let part = min(room, bodyByteCount - start)
    // SAFETY: an integer has no padding.
    unsafe span.copy(words.span.bytes.extracting(start..<start + part), at: offset)
    position += part
    return part
  }

  /// Changes blocks that were read before, as the guest of a running device does.
  private mutating func change(_ memory: inout GeneratedMemory, for byteCount: Int) {
    let blockByteCount = UInt64(GeneratedMemory.blockByteCount)
    dirtyCredit += UInt64(byteCount) * UInt64(settings.dirtyPercentage)
    while dirtyCredit >= 100 * blockByteCount {
      dirtyCredit -= 100 * blockByteCount
      let known = min(sentCount, preCopyBlockCount)
      guard known > 0 else { continue }
      randomState = GeneratedMemory.mix(randomState)
      let block = Int(randomState % UInt64(known))
      memory.generations[block] &+= 1
      if isDirty[block] { continue }
      isDirty[block] = true
      dirty.append(block)
    }
  }

  private mutating func beginDirtyPass() {
    isInitial = false
    passes = [.list(dirty[...])]
    dirty = []
  }
}

/// The state of a synthetic device: a header, and blocks in any order, each with its number and
/// generation.
enum SyntheticFormat {
  static let magic = [UInt8]("FERRYSYN".utf8)
  static let headerByteCount = 32

  static func header(of memory: GeneratedMemory) -> [UInt8] {
    var writer = ByteWriter(reserving: headerByteCount)
    writer.append(magic)
    writer.little(1 as UInt64)
    writer.little(memory.seed)
    writer.little(memory.byteCount)
    return writer.bytes
  }

  /// The stream bytes of `count` whole blocks.
  static func byteCount(blocks count: Int) -> UInt64 {
    UInt64(count) * UInt64(GeneratedMemory.blockByteCount + GeneratedMemory.blockHeaderByteCount)
  }
}
