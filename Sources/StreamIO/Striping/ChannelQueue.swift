import ByteIO
import MigrationStream

/// What waits to be written into a channel, by a thread of its own.
final class ChannelQueue {
  /// What the thread does next.
  enum Task: Sendable {
    case open
    case record(Record)
    /// The state is in the slot's buffer; it begins at the offset.
    case chunk(UInt16, StateChunk.Context, UInt64)
    case flush
    case end([DeviceSummary])
  }

  private struct Slot: ~Copyable, Sendable {
    var task = Task.open
    var buffer = ByteBuffer()
    var failure: StreamIOError?
  }

  private let ring: WorkRing<Slot>
  private var failure: StreamIOError?

  /// A queue for the channel with this number, whose writer the thread makes by `open`.
  init(channel: UInt16, _ open: @escaping StripedWriter.Opener) {
    ring = WorkRing(threadCount: .one, submitterWorks: false, extraSlots: 2) {
      Slot()
    } makeWorker: {
      let writer = ChannelWriter(channel, open)
      return { slot in
        do throws(StreamIOError) {
          try writer.take(slot.task, &slot.buffer)
        } catch {
          slot.failure = error
        }
      }
    }
  }

  /// Queues a task; waits for room. Throws what an earlier one failed with.
  func submit(_ task: Task) throws(StreamIOError) {
    var none = ByteBuffer()
    try submit(task, &none)
  }

  /// The same with state, in place of which `buffer` gets memory that was used before.
  func submit(_ task: Task, _ buffer: inout ByteBuffer) throws(StreamIOError) {
    if ring.isFull { takeOldest() }
    if let failure { throw failure }
    ring.fill { slot in
      slot.task = task
      slot.buffer.removeAll()
      swap(&slot.buffer, &buffer)
      return true
    }
    while ring.isOldestDone { takeOldest() }
    if let failure { throw failure }
  }

  /// Waits until everything is written.
  func drain() throws(StreamIOError) {
    while !ring.isEmpty { takeOldest() }
    if let failure { throw failure }
  }

  private func takeOldest() {
    let found = ring.takeOldest { slot in
      defer { slot.failure = nil }
      return slot.failure
    }
    failure = failure ?? found
  }
}

/// The writer of a channel, in a place that a closure can keep.
private final class ChannelWriter {
  private let channel: UInt16
  private let open: StripedWriter.Opener
  private var writer: StreamWriter?
  // What comes behind a failure is of no use.
  private var failure: StreamIOError?

  init(_ channel: UInt16, _ open: @escaping StripedWriter.Opener) {
    self.channel = channel
    self.open = open
  }

  func take(_ task: ChannelQueue.Task, _ buffer: inout ByteBuffer) throws(StreamIOError) {
    if let failure { throw failure }
    do throws(StreamIOError) {
      switch task {
      case .open: writer = try open(channel)
      case .record(let record): try writer?.write(record)
      case .chunk(let device, let context, let offset):
        try writer?.write(from: &buffer, device: device, context: context, at: offset)
      case .flush: try writer?.flush()
      case .end(let summaries):
        guard let writer = writer.take() else { return }
        try writer.finish(summaries)
      }
    } catch {
      failure = error
      throw error
    }
  }
}
