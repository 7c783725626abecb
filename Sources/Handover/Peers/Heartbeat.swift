private import Glibc
import StreamIO
import SystemPackage

/// A thread that tells the peer at intervals that this side is alive, while that has nothing else
/// to say; it ends when this goes.
final class Heartbeat {
  private let end: FileDescriptor
  private let thread: WorkerThread?

  /// Calls `beat` every `interval`; nobody does if the system has no further thread.
  init(every interval: Duration, _ beat: @escaping @Sendable () -> Void) {
    guard let (readEnd, writeEnd) = try? FileDescriptor.pipe() else {
      end = FileDescriptor(rawValue: -1)
      thread = nil
      return
    }
    end = writeEnd
    let milliseconds = Int32(clamping: Int(interval / .milliseconds(1)))
    thread = WorkerThread {
      while true {
        var request = pollfd(fd: readEnd.rawValue, events: Int16(POLLIN), revents: 0)
        // The other end closes when nobody wants to hear of it any more.
        if unsafe poll(&request, 1, milliseconds) != 0 { break }
        beat()
      }
      try? readEnd.close()
    }
    if thread == nil { try? readEnd.close() }
  }

  deinit {
    try? end.close()
    thread?.join()
  }
}
