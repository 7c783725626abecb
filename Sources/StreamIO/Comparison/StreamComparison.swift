import ByteIO
import MigrationStream

/// Says where two streams mean different things; how they are coded does not count.
public struct StreamComparison: ~Copyable {
  private let left: StreamArchive
  private let right: StreamArchive

  // For each of the two; nil where one thread does it all.
  private let threadCount: ThreadCount?
  // Places of chunks that are held at a time for each of the two, in 16 bytes of memory.
  private let placeLimit: Int

  /// Chunks are decoded by `threads` threads.
  public init(
    _ left: consuming StreamArchive, _ right: consuming StreamArchive, threads: ThreadCount = .one
  ) {
    self.init(left, right, threads: threads, placeLimit: 1 << 18)
  }

  /// The same with at most `placeLimit` places of chunks of either stream in memory.
  package init(
    _ left: consuming StreamArchive, _ right: consuming StreamArchive, threads: ThreadCount,
    placeLimit: Int
  ) {
    self.placeLimit = placeLimit
    self.left = left
    self.right = right
    threadCount = threads == .one ? nil : ThreadCount((threads.rawValue + 1) / 2)
  }

  /// Every difference, in the order of devices; both streams are read whole.
  ///
  /// `progress` is told how many bytes of state were compared. Throws if a stream is torn or damaged.
  /// Both are walked first, and then read device by device: of several damages, the first in that
  /// order is met.
  public borrowing func differences(
    progress: (UInt64) -> Void = { _ in }
  ) throws(StreamIOError) -> [StreamDifference] {
    var leftState = StateCursor(threadCount: threadCount, placeLimit: placeLimit)
    var rightState = StateCursor(threadCount: threadCount, placeLimit: placeLimit)
    let leftCatalog = try Self.wholeCatalog(of: left, &leftState)
    let rightCatalog = try Self.wholeCatalog(of: right, &rightState)
    var differences: [StreamDifference] = []
    if leftCatalog.devices.count != rightCatalog.devices.count {
      differences.append(
        StreamDifference(
          .devices, device: nil, left: "\(leftCatalog.devices.count)",
          right: "\(rightCatalog.devices.count)"))
    }
    var total: UInt64 = 0
    for (device, pair) in zip((0 as UInt16)..., zip(leftCatalog.devices, rightCatalog.devices)) {
      let parts = DeviceComparison(
        left: try left.introduction(of: device, pair.0),
        right: try right.introduction(of: device, pair.1))
      differences += parts.differences
      try leftState.begin(device, in: left)
      try rightState.begin(device, in: right)
      if let state = try stateDifference(
        device, &leftState, &rightState, total: &total, progress: progress)
      {
        differences.append(state)
      }
    }
    return differences
  }

  /// The catalog of a stream that is whole; `state` learns where the chunks are.
  private static func wholeCatalog(
    of archive: borrowing StreamArchive, _ state: inout StateCursor
  ) throws(StreamIOError) -> StreamCatalog {
    let catalog = try state.catalog(of: archive)
    if let defect = catalog.defect { throw StreamIOError(archive.path, .stream(defect)) }
    return catalog
  }

  private borrowing func stateDifference(
    _ device: UInt16, _ leftState: inout StateCursor, _ rightState: inout StateCursor,
    total: inout UInt64, progress: (UInt64) -> Void
  ) throws(StreamIOError) -> StreamDifference? {
    var ranges = ByteRanges()
    while true {
      try leftState.load(from: left)
      try rightState.load(from: right)
      let count = min(leftState.count, rightState.count)
      if count == 0 { break }
      ranges.append(
        differing: leftState.bytes.extracting(first: count),
        from: rightState.bytes.extracting(first: count), at: leftState.offset)
      leftState.skip(count)
      rightState.skip(count)
      total += UInt64(count)
      progress(total)
    }
    let leftCount = try Self.rest(&leftState, left)
    let rightCount = try Self.rest(&rightState, right)
    let common = min(leftCount, rightCount)
    ranges.append(common..<max(leftCount, rightCount))
    guard !ranges.isEmpty else { return nil }
    return StreamDifference(
      .state, device: device, left: "\(leftCount) bytes", right: "\(rightCount) bytes",
      ranges: ranges)
  }

  /// Reads on to the end of the state and gives its length.
  private static func rest(
    _ state: inout StateCursor, _ archive: borrowing StreamArchive
  ) throws(StreamIOError) -> UInt64 {
    while state.count > 0 {
      state.skip(state.count)
      try state.load(from: archive)
    }
    return state.offset
  }
}

extension ByteRanges {
  /// Adds the ranges in which two spans of the same length differ; `offset` is where they begin.
  mutating func append(differing left: RawSpan, from right: RawSpan, at offset: UInt64) {
    var index = 0
    let count = left.byteCount
    while index < count {
      // In large steps while they are equal, which is what two states mostly are.
      for step in [4096, 8] {
        while index &+ step <= count,
          left.extracting(index..<index &+ step) == right.extracting(index..<index &+ step)
        { index &+= step }
      }
      while index < count, left[byte: index] == right[byte: index] { index &+= 1 }
      let start = index
      while index < count, left[byte: index] != right[byte: index] { index &+= 1 }
      append(offset + UInt64(start)..<offset + UInt64(index))
    }
  }
}
