import QEMUStream
import StreamIO
import Transport

/// The two ends at this relay of one connection of the source.
struct RelayedPair: Sendable {
  let source: any RelayedEnd
  let target: any RelayedEnd
}

/// What the threads of a relay share.
final class RelayState: Sendable {
  private struct Shared: Sendable {
    var migration = RelayedMigration()
    var pairs: [RelayedPair] = []
    /// The directions of all connections that have not ended.
    var openDirections = 0
    var configuration: QEMUConfiguration?
    var hasMainEnded = false
    var isHolding = false
    var start: ContinuousClock.Instant?
    var end: ContinuousClock.Instant?
  }

  private let shared = Monitor(Shared())
  private let failed: @Sendable (RelayedMigration.Failure) -> Void

  /// The state of a relay; `failed` is told what ends the migration, before anybody learns it.
  init(failed: @escaping @Sendable (RelayedMigration.Failure) -> Void = { _ in }) {
    self.failed = failed
  }

  /// Whether the migration has come to an end, or was ended.
  var isOver: Bool {
    shared.withLock {
      $0.migration.failure != nil || !$0.migration.channelCounts.isEmpty && $0.openDirections == 0
    }
  }

  var hasEnded: Bool { shared.withLock { $0.migration.hasEnded } }
  var hasMainEnded: Bool { shared.withLock { $0.hasMainEnded } }
  /// Whether the end of the stream is kept back.
  var isHolding: Bool { shared.withLock { $0.isHolding && !$0.migration.hasEnded } }

  /// The machine, once the main channel has told it; nil if that ended before.
  var machine: QEMUConfiguration? {
    shared.wait(for: .result) { shared -> QEMUConfiguration?? in
      if let configuration = shared.configuration { return .some(configuration) }
      return shared.hasMainEnded || shared.migration.failure != nil ? .some(nil) : nil
    }
  }

  /// What passed, when all has ended.
  var finished: RelayedMigration {
    shared.withLock {
      if let start = $0.start { $0.migration.duration = ($0.end ?? .now) - start }
      return $0.migration
    }
  }

  func add(_ pair: RelayedPair) {
    shared.withLock {
      $0.pairs.append(pair)
      $0.openDirections += 2
      $0.start = $0.start ?? .now
    }
  }

  /// Notes what a connection carries; whether it is the first of its kind.
  func add(_ channel: RelayedChannel) -> Bool {
    shared.withLock {
      $0.migration.add(channel)
      return $0.migration.channelCounts[channel] == 1
    }
  }

  func directionEnded(of pair: RelayedPair) {
    shared.withLock {
      $0.openDirections -= 1
      $0.end = .now
    }
  }

  func mainEnded() {
    shared.withLock { $0.hasMainEnded = true }
    shared.broadcast(.result)
  }

  func note(_ event: RelayEvent) {
    shared.withLock {
      $0.migration.add(event)
      switch event {
      case .machine(let configuration): $0.configuration = configuration
      case .held: $0.isHolding = true
      default: break
      }
    }
    if case .machine = event { shared.broadcast(.result) }
  }

  func add(_ judgement: RecordJudgement, of device: RelayedDevice) {
    shared.withLock { $0.migration.add(judgement, of: device) }
  }

  func add(_ outcome: RelayedTranslation.Outcome, of device: RelayedDevice) {
    shared.withLock { $0.migration.add(outcome, of: device) }
  }

  func loaded(_ hasLoaded: Bool) { shared.withLock { $0.migration.hasLoaded = hasLoaded } }

  func passed(_ count: Int, isReturning: Bool) {
    shared.withLock {
      if isReturning {
        $0.migration.returnedByteCount &+= UInt64(count)
      } else {
        $0.migration.byteCount &+= UInt64(count)
      }
    }
  }

  /// Ends the migration: neither side can mistake it for one that went well.
  func fail(_ failure: RelayedMigration.Failure) {
    let pairs = shared.withLock { shared -> [RelayedPair] in
      shared.migration.fail(failure)
      return shared.pairs
    }
    failed(failure)
    shared.broadcast(.result)
    // The destination first, which must not take what it has for the whole.
    for pair in pairs { pair.target.shutDown() }
    for pair in pairs { pair.source.shutDown() }
  }
}
