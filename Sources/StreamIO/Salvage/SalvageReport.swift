import MigrationStream

/// What a damaged stream still has, and what it lost.
public struct SalvageReport: Sendable {
  /// Everything but the state, as far as it is intact.
  public var catalog: StreamCatalog
  /// The bytes of the file that are no intact record.
  public var damage = ByteRanges()
  /// Whether the file does not end with the stream's footer.
  public var isFooterLost = false
  /// By device number.
  public var losses: [Loss] = []

  /// What of a device is missing.
  public struct Loss: Sendable, Hashable {
    /// Whether the record that says which device this is, is lost.
    public var isIdentityLost = true
    /// The ranges of the device's state that are missing, as far as they are known.
    public var missing = ByteRanges()
    /// Where the state goes on for an unknown length, because no summary tells where it ends.
    public var missingFrom: UInt64?
    /// State bytes that are intact.
    public var recoveredByteCount: UInt64 = 0
    var end: UInt64 = 0

    /// Nothing is lost.
    public init() {}

    /// Whether nothing of the device is lost.
    public var isEmpty: Bool { !isIdentityLost && missing.isEmpty && missingFrom == nil }
  }

  /// A report without losses.
  public init(catalog: StreamCatalog) {
    self.catalog = catalog
  }

  /// Whether the stream is as it was written: nothing is lost or damaged.
  public var isWhole: Bool {
    catalog.isComplete && damage.isEmpty && !isFooterLost && losses.allSatisfy(\.isEmpty)
  }
}

extension SalvageReport {
  /// Makes room for the device with this number.
  mutating func introduce(_ device: UInt16) {
    while losses.count <= Int(device) {
      losses.append(Loss())
      catalog.devices.append(StreamCatalog.Device())
    }
  }

  /// Takes note of an intact chunk; false if it overlaps what came before, which an intact stream
  /// never does.
  mutating func note(_ chunk: StateChunk, _ header: RecordHeader) -> Bool {
    introduce(chunk.device)
    let number = Int(chunk.device)
    let (end, overflow) = chunk.stateOffset.addingReportingOverflow(UInt64(chunk.byteCount))
    guard !overflow, chunk.stateOffset >= losses[number].end else { return false }
    losses[number].missing.append(losses[number].end..<chunk.stateOffset)
    losses[number].end = end
    losses[number].recoveredByteCount += UInt64(chunk.byteCount)
    catalog.devices[number].state.note(chunk, header)
    return true
  }

  /// Takes note of an intact metadata record.
  mutating func note(_ record: Record, at offset: UInt64) {
    if case .identity(_, let device) = record {
      // The catalogue numbers devices by their order; one whose identity is lost has its place
      // already.
      if Int(device) < losses.count { return }
      if device > 0 { introduce(device - 1) }
      var loss = Loss()
      loss.isIdentityLost = false
      losses.append(loss)
    } else if let device = record.device {
      introduce(device)
    }
    catalog.note(record, at: offset)
  }

  /// Compares what came with the summaries, once the whole file was read.
  mutating func close() {
    for number in losses.indices {
      if let total = catalog.devices[number].summary?.byteCount {
        losses[number].missing.append(losses[number].end..<max(losses[number].end, total))
      } else {
        losses[number].missingFrom = losses[number].end
      }
    }
  }
}

extension Record {
  fileprivate var device: UInt16? {
    switch self {
    case .configuration(_, let device), .interrupts(_, let device), .pasids(_, let device),
      .summary(_, let device):
      device
    default: nil
    }
  }
}
