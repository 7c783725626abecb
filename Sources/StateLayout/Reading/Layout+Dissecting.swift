import ByteIO

extension DissectionLimits {
  /// The most steps for a state of so many bytes.
  func stepCount(for byteCount: UInt64) -> UInt64 {
    let (more, isTooMany) = byteCount.multipliedReportingOverflow(by: stepCountOfByte)
    return isTooMany || more > .max - stepCount ? .max : stepCount + more
  }
}

extension Layout {
  /// Takes a state apart. Any bytes give a tree, of as much as there is, with every problem as a
  /// finding.
  public func dissect(_ bytes: [UInt8], limits: DissectionLimits = .standard) -> LayoutTree {
    dissect(StateBytes(bytes), limits: limits)
  }

  /// Takes a state apart. It reads only what the layout describes, and throws only what the source
  /// does.
  ///
  /// `rules` are ids of the layout's rules whose findings are warnings at most, because the caller
  /// repairs the problem.
  public func dissect<Source: StateSource>(
    _ source: Source, limits: DissectionLimits = .standard, accepting rules: Set<String> = []
  ) throws(Source.Failure) -> LayoutTree {
    var failure: Source.Failure?
    var dissector = Dissector(
      definition, byteCount: source.byteCount, limits: limits, accepting: rules
    ) { offset, count, buffer in
      do throws(Source.Failure) {
        try source.read(at: offset, count: count, into: &buffer)
        return true
      } catch {
        failure = error
        return false
      }
    }
    let root = dissector.run(type: 0)
    if let failure { throw failure }
    return LayoutTree(
      layout: self, root: root, findings: dissector.report.findings,
      moreFindings: dissector.report.more, byteCount: source.byteCount)
  }

  /// The errors that the first bytes of a state show, whatever comes behind them.
  ///
  /// What depends on where the state ends is not among them, nor what would show that the layout
  /// cannot be followed. `rules` are ids of rules that the state may break.
  public func errors(
    inBeginning bytes: [UInt8], accepting rules: Set<String> = []
  ) -> [LayoutFinding] {
    let state = StateBytes(bytes)
    // Nothing is made of the tree.
    let limits = DissectionLimits(loadedByteCount: 1 << 20, nodeCount: 4096, itemCount: 64)
    var dissector = Dissector(
      definition, byteCount: state.byteCount, limits: limits, accepting: rules
    ) { offset, count, buffer in
      state.read(at: offset, count: count, into: &buffer)
      return true
    }
    _ = dissector.run(type: 0, isOpen: true)
    return dissector.report.findings.filter { $0.severity == .error && $0.kind != .layout }
  }
}

/// The cost that dissecting a state may have. A larger state is read to its end all the same; parts
/// beyond a limit are kept as ranges.
public struct DissectionLimits: Sendable, Hashable {
  /// The longest run of bytes that is loaded; a longer one is kept as its range.
  public var fieldByteCount: Int
  /// The most bytes that are loaded in all.
  public var loadedByteCount: Int
  /// The most fields that are kept in all.
  public var nodeCount: Int
  /// The most items that are kept of an array.
  public var itemCount: Int
  /// The most structures within each other.
  public var depth: Int
  /// The most fields that are read, kept or not; reading ends there with an error as finding.
  public var fieldCount: Int
  /// The most fields that the tree has, whatever repeats or refers to whatever; reading ends there
  /// with an error as finding.
  public var treeNodeCount: Int
  /// The most steps for a state without bytes: fields read and expressions evaluated. Reading ends
  /// there with an error as finding.
  public var stepCount: UInt64
  /// The steps more for each byte of the state.
  public var stepCountOfByte: UInt64
  /// The most findings that are kept.
  public var findingCount: Int

  /// 64 KiB of a field and 8 MiB in all, 65,536 fields (98,304 at most, where one structure has so
  /// many), 4096 items of an array, 48 levels, 2^20 steps and 4 more for each byte, 256 findings.
  ///
  /// The states of shipped layouts that tests make need no more than an eighth of the steps, and
  /// half of those for a byte.
  public static var standard: Self { Self() }

  /// Limits that differ from `standard` in what is given.
  public init(
    fieldByteCount: Int = 1 << 16, loadedByteCount: Int = 1 << 23, nodeCount: Int = 1 << 16,
    itemCount: Int = 4096, depth: Int = 48, fieldCount: Int = 1 << 28, findingCount: Int = 256,
    treeNodeCount: Int = 98_304, stepCount: UInt64 = 1 << 20, stepCountOfByte: UInt64 = 4
  ) {
    self.fieldByteCount = fieldByteCount
    self.loadedByteCount = loadedByteCount
    self.nodeCount = nodeCount
    self.itemCount = itemCount
    self.depth = depth
    self.fieldCount = fieldCount
    self.findingCount = findingCount
    self.treeNodeCount = treeNodeCount
    self.stepCount = stepCount
    self.stepCountOfByte = stepCountOfByte
  }
}
