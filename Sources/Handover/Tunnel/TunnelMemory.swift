import ByteIO
import Synchronization

/// Bytes that go from thread to thread: whoever has them finds the lock free.
final class TunnelMemory: Sendable {
  let bytes: Mutex<ByteBuffer>

  init(_ bytes: consuming sending ByteBuffer = ByteBuffer()) { self.bytes = Mutex(bytes) }

  var count: Int { bytes.withLock { $0.count } }
}

/// When the other side of a tunnel was last heard.
final class TunnelPulse: Sendable {
  private let last = Mutex(ContinuousClock.now)

  func beat() { last.withLock { $0 = .now } }

  /// How long nothing has come.
  var silence: Duration { last.withLock { .now - $0 } }
}

/// The memory that all directions together may take at their receiver.
///
/// A direction may have on its way what it was permitted, and is permitted more as its bytes are
/// taken. With few, each may have much, for links that are long; the more there are the less, but
/// never less than the protocol's first credit.
final class TunnelBudget: Sendable {
  private struct Ledger {
    var permitted = 0
    var directionCount = 0
    var pieceCount = 0
  }

  private static let total = 32 << 20
  private static let mostOfOne = 16 << 20
  private static let least = Int(TunnelBlock.firstCredit)
  // What comes in pieces of a byte takes more for each than the byte.
  private static let mostPieces = 65536

  private let ledger = Mutex(Ledger())

  /// Takes note of a direction with its first credit.
  func open() {
    ledger.withLock {
      $0.directionCount += 1
      $0.permitted += Self.least
    }
  }

  /// Takes note of the end of a direction, with what was permitted to it and the pieces that nobody
  /// takes.
  func close(_ left: (byteCount: Int, pieceCount: Int)) {
    ledger.withLock {
      $0.directionCount -= 1
      $0.permitted -= left.byteCount
      $0.pieceCount -= left.pieceCount
    }
  }

  /// Takes note of a piece that came; whether there is room for it.
  func addPiece() -> Bool {
    ledger.withLock {
      guard $0.pieceCount < Self.mostPieces else { return false }
      $0.pieceCount += 1
      return true
    }
  }

  /// Takes note that a piece of `byteCount` bytes was taken, after which `left` bytes of its
  /// direction are on their way or permitted: how many more are permitted, if more are wanted.
  func take(_ byteCount: Int, left: Int, wantsMore: Bool) -> Int {
    ledger.withLock {
      $0.pieceCount -= 1
      $0.permitted -= byteCount
      guard wantsMore else { return 0 }
      let share = Self.total / max(1, $0.directionCount)
      let wanted = max(Self.least, min(Self.mostOfOne, share)) - left
      let more = min(wanted, max(Self.total - $0.permitted, Self.least - left))
      // A word about a few bytes would not be worth it; who has sent most of its credit gets one.
      guard more >= Self.least / 4 else { return 0 }
      $0.permitted += more
      return more
    }
  }
}
