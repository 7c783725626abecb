public import ByteIO
public import MigrationStream

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
  /// The first thing that a reader of the whole stream refuses it for.
  public internal(set) var defect: StreamError?
  /// How many records are missing by their numbers, of which nothing else is known.
  public internal(set) var missingRecordCount: UInt64 = 0
  /// Whether the file ends within a record: what there is of that is cut, not damaged.
  var isCut = false

  /// What a stream is, in a word.
  public enum Condition: String, Sendable {
    /// It is as it was written.
    case whole
    /// Something in it is not as it was written.
    case damaged
    /// What there is, is good; but it is torn, or a record or the index is missing.
    case incomplete
  }

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
    /// The first of its records that is not good, or whose words do not fit to the state.
    public internal(set) var defect: StreamError?
    var end: UInt64 = 0

    /// Nothing is lost.
    public init() {}

    /// Whether nothing of the device is lost.
    public var isEmpty: Bool {
      !isIdentityLost && missing.isEmpty && missingFrom == nil && defect == nil
    }
  }

  /// A report without losses.
  public init(catalog: StreamCatalog) {
    self.catalog = catalog
  }

  /// Whether the stream is as it was written: nothing is lost or damaged, and a reader of the whole
  /// stream has nothing against it.
  public var isWhole: Bool {
    catalog.isComplete && damage.isEmpty && !isFooterLost && missingRecordCount == 0
      && defect == nil && losses.allSatisfy(\.isEmpty)
  }

  /// What the stream is.
  public var condition: Condition {
    if isWhole { return .whole }
    let isDamaged = isCut ? damage.count > 1 : !damage.isEmpty
    let defects = [defect].compactMap(\.self) + losses.compactMap(\.defect)
    return isDamaged || defects.contains(where: isOfContent) ? .damaged : .incomplete
  }

  /// Whether all that the stream had of a device is there: its state has the digest of its summary,
  /// and no record is missing that may have been the device's.
  public func isWhole(device: UInt16) -> Bool {
    guard losses[Int(device)].isEmpty, missingRecordCount == 0 else { return false }
    guard let defect else { return true }
    return defect.device.map { $0 != device } ?? false
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

  /// Takes note of what is wrong with a record of a device, whose number is below the limit.
  mutating func note(_ defect: StreamError, of device: UInt16) {
    introduce(device)
    losses[Int(device)].defect = losses[Int(device)].defect ?? defect
  }

  /// Takes note of a record that must be understood and is not; without a device, it may be about
  /// any.
  mutating func note(_ defect: StreamError) {
    if let device = defect.device, Int(device) < DecodingLimits.standard.deviceCount {
      note(defect, of: device)
    } else {
      self.defect = self.defect ?? defect
    }
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

extension SalvageReport {
  /// Whether something that is there is not as it should be; else something is not there, or says
  /// nothing to this reader.
  private func isOfContent(_ defect: StreamError) -> Bool {
    switch defect.code {
    case .torn, .unknownMandatoryRecord, .unknownMandatoryField, .missingDictionary, .unwilling:
      false
    case .misplacedRecord, .discontinuousState: missingRecordCount == 0
    default: true
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
