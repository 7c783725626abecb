import ByteIO
import Devices
import MigrationStream

/// One device of a capture: reads from its data channel and makes chunks of what comes.
///
/// A chunk is held back until it is known whether another follows, for the last one of a round says
/// so.
final class CaptureLane: EngineLane {
  let session: DeviceSession
  private let chunkByteCount: Int
  private var filling = ByteBuffer()
  private var held = ByteBuffer()
  private var context = StateChunk.Context(phase: .preCopy)
  // For the next chunk only.
  private var announcement: StateChunk.Flags = []
  private var initialLeft: UInt64 = 0
  private var budget: UInt64 = 0
  private var position: UInt64 = 0

  /// What the driver said last of what is left while the device runs; nil if it does not tell.
  private(set) var information: PreCopyInformation? = PreCopyInformation(
    initialByteCount: 0, dirtyByteCount: 0)
  private(set) var preCopyByteCount: UInt64 = 0
  private(set) var stopCopyByteCount: UInt64 = 0
  /// Whether the round goes on.
  private(set) var isActive = false

  init(_ session: DeviceSession, chunkByteCount: Int) {
    self.session = session
    self.chunkByteCount = chunkByteCount
  }

  var isPreCopying: Bool { session.state == .preCopy }

  /// Asks the driver what is left.
  func inquire() throws(DeviceError) {
    guard isPreCopying, let channel = session.channel else { return }
    do throws(DeviceError) {
      information = try channel.preCopyInformation()
    } catch  where error.errno == .notSupportedByDriver {
      information = nil
    }
    if information?.isReinitialized == true { announcement.insert(.reinitialized) }
  }

  /// What stopping now would leave to be read: the driver's own estimate, which has what is dirty
  /// in it, or more if that says less; nil if the driver does not tell.
  func remainingByteCount() throws(DeviceError) -> UInt64? {
    guard let information else { return nil }
    let running = information.initialByteCount.addingSaturating(information.dirtyByteCount)
    guard let stopCopy = try session.device.knownStopCopyByteCount() else { return nil }
    return max(stopCopy, isPreCopying ? running : 0)
  }

  /// Begins a round of what the driver said is left, or of all that there is now.
  func beginIteration(_ iteration: Int) {
    context = StateChunk.Context(phase: .preCopy, iteration: UInt32(clamping: iteration))
    initialLeft = information?.initialByteCount ?? 0
    budget = information?.dirtyByteCount ?? .max
    isActive = isPreCopying && (initialLeft > 0 || budget > 0)
  }

  func beginStopCopy() {
    context = StateChunk.Context(phase: .stopCopy)
    isActive = true
  }

  /// Takes over the memory of a lane whose round has ended, which has none then: of many devices,
  /// one reads at a time.
  func takeMemory(of other: CaptureLane) {
    swap(&filling, &other.filling)
    swap(&held, &other.held)
  }

  /// Reads up to a chunk, and gives a chunk that is complete to `write`; how many bytes were read.
  func advance<Failure: Error>(
    _ write: (inout ByteBuffer, StateChunk.Context) throws(Failure) -> Void
  ) throws(LaneError<Failure>) -> Int {
    let isInitial = context.phase == .preCopy && initialLeft > 0
    if isInitial { context.flags.insert(.initialData) } else { context.flags.remove(.initialData) }
    var limit = chunkByteCount - filling.count
    if context.phase == .preCopy {
      limit = Int(min(UInt64(limit), isInitial ? initialLeft : budget))
    }
    let count: Int
    do throws(DeviceError) {
      count = try read(upTo: limit)
    } catch {
      throw .device(error)
    }
    guard count > 0 else {
      try end(.lastOfIteration, write)
      return 0
    }
    if filling.count == chunkByteCount { try rotate(write) }
    guard context.phase == .preCopy else { return count }
    if isInitial {
      initialLeft -= UInt64(count)
      if initialLeft == 0 {
        try end(budget == 0 ? [.lastOfInitialData, .lastOfIteration] : .lastOfInitialData, write)
        isActive = budget > 0
      }
    } else {
      budget -= UInt64(count)
      if budget == 0 { try end(.lastOfIteration, write) }
    }
    return count
  }

  private func read(upTo limit: Int) throws(DeviceError) -> Int {
    guard let channel = session.channel else {
      throw DeviceError(.readData(at: position), .badDescriptor)
    }
    filling.reserve(chunkByteCount)
    let isRunning = context.phase == .preCopy
    let at = position
    let count = try filling.fill(limit: limit) { (span) throws(DeviceError) in
      do throws(DeviceError) {
        return try channel.read(into: &span)
      } catch {
        if isRunning, error.errno == .noMessage { return 0 }
        throw error.at(.readData(at: at))
      }
    }
    position += UInt64(count)
    if isRunning {
      preCopyByteCount += UInt64(count)
    } else {
      stopCopyByteCount += UInt64(count)
    }
    return count
  }

  /// Ends a round before all of it has come.
  func cut<Failure: Error>(
    _ write: (inout ByteBuffer, StateChunk.Context) throws(Failure) -> Void
  ) throws(LaneError<Failure>) {
    try end(.lastOfIteration, write)
  }

  /// Ends what is of one kind: the chunks at hand go out, the last with `flags`.
  private func end<Failure: Error>(
    _ flags: StateChunk.Flags,
    _ write: (inout ByteBuffer, StateChunk.Context) throws(Failure) -> Void
  ) throws(LaneError<Failure>) {
    isActive = false
    if filling.count > 0 { try rotate(write) }
    if context.phase == .preCopy { context.flags.formUnion(flags) }
    try flush(write)
    context.flags.subtract(flags)
  }

  private func rotate<Failure: Error>(
    _ write: (inout ByteBuffer, StateChunk.Context) throws(Failure) -> Void
  ) throws(LaneError<Failure>) {
    try flush(write)
    swap(&filling, &held)
  }

  private func flush<Failure: Error>(
    _ write: (inout ByteBuffer, StateChunk.Context) throws(Failure) -> Void
  ) throws(LaneError<Failure>) {
    guard held.count > 0 else { return }
    var context = context
    context.flags.formUnion(announcement)
    announcement = []
    do throws(Failure) {
      try write(&held, context)
    } catch {
      throw .sink(error)
    }
  }
}

extension MigratableDevice {
  /// The driver's estimate of what stopping now leaves to be read; nil if it has none to give.
  func knownStopCopyByteCount() throws(DeviceError) -> UInt64? {
    do throws(DeviceError) {
      return try stopCopyByteCount()
    } catch  where error.errno == .notSupportedByDriver {
      return nil
    }
  }
}

/// What a lane fails with: its device, or whoever takes its chunks.
enum LaneError<Failure: Error>: Error {
  case device(DeviceError)
  case sink(Failure)
}
