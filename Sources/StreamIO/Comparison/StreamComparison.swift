import ByteIO
import MigrationStream

/// Says where two streams mean different things; how they are coded does not count.
public struct StreamComparison: ~Copyable {
  private let left: StreamArchive
  private let right: StreamArchive

  // For each of the two; nil if one thread does it all.
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
  /// How state was divided into pre-copy, its rounds and stop-copy counts if `phases` is set.
  /// `progress` is told how many bytes of state were compared. Throws if a stream is torn or
  /// damaged, or its state has another digest than it says. Both are walked first, and then read
  /// device by device: of several damages, the first in that order is met.
  public borrowing func differences(
    phases: Bool = false, progress: (UInt64) -> Void = { _ in }
  ) throws(StreamIOError) -> [StreamDifference] {
    var leftState = StateCursor(threadCount: threadCount, placeLimit: placeLimit)
    var rightState = StateCursor(threadCount: threadCount, placeLimit: placeLimit)
    var (leftShape, rightShape) = (StreamShape(), StreamShape())
    let leftCatalog = try Self.wholeCatalog(of: left, &leftState, &leftShape)
    let rightCatalog = try Self.wholeCatalog(of: right, &rightState, &rightShape)
    var differences: [StreamDifference] = []
    if leftCatalog.devices.count != rightCatalog.devices.count {
      differences.append(
        StreamDifference(
          .devices, device: nil, left: "\(leftCatalog.devices.count)",
          right: "\(rightCatalog.devices.count)"))
    }
    differences += leftShape.differences(from: rightShape, of: nil, phases: phases)
    var total: UInt64 = 0
    for (device, pair) in zip((0 as UInt16)..., zip(leftCatalog.devices, rightCatalog.devices)) {
      let parts = DeviceComparison(
        left: try left.introduction(of: device, pair.0),
        right: try right.introduction(of: device, pair.1))
      differences += parts.differences
      differences += leftShape.differences(from: rightShape, of: device, phases: phases)
      try leftState.begin(device, in: left, leftCatalog)
      try rightState.begin(device, in: right, rightCatalog)
      if let state = try stateDifference(
        device, &leftState, &rightState, total: &total, progress: progress)
      {
        differences.append(state)
      }
    }
    // The devices that only one of the two has.
    let common = min(leftCatalog.devices.count, rightCatalog.devices.count)
    for device in common..<leftCatalog.devices.count {
      try leftState.begin(UInt16(device), in: left, leftCatalog)
      try leftState.readRest(of: left)
    }
    for device in common..<rightCatalog.devices.count {
      try rightState.begin(UInt16(device), in: right, rightCatalog)
      try rightState.readRest(of: right)
    }
    return differences
  }

  /// The catalog of a stream that is whole; `state` learns where the chunks are, and `shape` what
  /// else there is.
  private static func wholeCatalog(
    of archive: borrowing StreamArchive, _ state: inout StateCursor, _ shape: inout StreamShape
  ) throws(StreamIOError) -> StreamCatalog {
    let catalog = try state.catalog(of: archive) { shape.note($0) }
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
    try leftState.readRest(of: left)
    try rightState.readRest(of: right)
    let (leftCount, rightCount) = (leftState.offset, rightState.offset)
    let common = min(leftCount, rightCount)
    ranges.append(common..<max(leftCount, rightCount))
    guard !ranges.isEmpty else { return nil }
    return StreamDifference(
      .state, device: device, left: "\(leftCount) bytes", right: "\(rightCount) bytes",
      ranges: ranges)
  }
}
