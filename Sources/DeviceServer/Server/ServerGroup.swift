private import ByteIO
private import Glibc
import StreamIO
import SystemPackage
import VFIOUser

/// Servers that run beside each other, each in a thread of its own, so that a device that takes its
/// time holds up no other. Each one's client has an equal share of what the process may have, so
/// that none starves another's.
public final class ServerGroup {
  // Each server and its device go to one thread, which alone touches them.
  private final class Work: @unchecked Sendable {
    let server: FunctionServer
    let stop: FileDescriptor
    let done: FileDescriptor

    init(_ server: FunctionServer, stop: FileDescriptor, done: FileDescriptor) {
      self.server = server
      self.stop = stop
      self.done = done
    }

    func run() {
      server.run(until: stop)
      var byte: UInt8 = 0
      _ = unsafe write(done.rawValue, &byte, 1)
    }
  }

  private var servers: [FunctionServer]
  /// How many servers did not come to their end in time when that was asked for: a peer or a device
  /// holds them, and the process is to end without them.
  public private(set) var stuckCount = 0

  /// The servers, none of which may be used by others from now on.
  ///
  /// The process may open as many files from now on as its hard limit says (RLIMIT_NOFILE); if that
  /// is too few for so many devices, it is an error.
  public init(_ servers: [FunctionServer]) throws(ServingError) {
    self.servers = servers
    let limit = Self.raisedDescriptorLimit()
    do throws(ClientShare.Shortage) {
      let share = try ClientShare(of: servers.count, descriptorLimit: limit)
      for server in servers { server.function.holdings.share = share }
    } catch {
      throw .unsuitable(
        "expected a limit of \(error.needed) open files or more (ulimit -n) for "
          + "\(servers.count) devices, found \(limit)")
    }
  }

  /// How many files the process may open, once that is as many as it can be.
  private static func raisedDescriptorLimit() -> Int {
    let files = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
    var limit = rlimit()
    guard unsafe getrlimit(files, &limit) == 0 else { return 0 }
    limit.rlim_cur = limit.rlim_max
    _ = unsafe setrlimit(files, &limit)
    _ = unsafe getrlimit(files, &limit)
    return Int(clamping: limit.rlim_cur)
  }

  /// Serves until an `Interruption` is requested, or every server has come to its end; false if the
  /// system has no threads for them.
  public func run() -> Bool {
    guard let stop = Self.pipe(), let done = Self.pipe() else { return false }
    var threads: [WorkerThread] = []
    for server in servers {
      let work = Work(server, stop: stop.read, done: done.write)
      guard let thread = WorkerThread({ work.run() }) else { break }
      threads.append(thread)
    }
    let isComplete = threads.count == servers.count
    var left = threads.count
    while isComplete, left > 0, !Interruption.isRequested {
      // A signal that comes just before the call is seen after this time.
      if Self.isDone(done.read, within: 500) { left -= 1 }
    }
    close(stop.write.rawValue)
    let end = ContinuousClock.now + Self.endLimit
    while left > 0, isComplete, ContinuousClock.now < end {
      if Self.isDone(done.read, within: 100) { left -= 1 }
    }
    // Who hangs at a peer or in a device does not keep the others from their ends.
    guard left == 0 || !isComplete else {
      stuckCount = left
      return true
    }
    for thread in threads { thread.join() }
    for descriptor in [stop.read, done.read, done.write] { close(descriptor.rawValue) }
    // Sockets leave their places when their servers go.
    servers = []
    return isComplete
  }

  // Longer than a client may take for a message.
  private static let endLimit = Duration.seconds(15)

  /// Whether a server has come to its end within so many milliseconds.
  private static func isDone(_ done: FileDescriptor, within milliseconds: Int32) -> Bool {
    var request = pollfd(fd: done.rawValue, events: Int16(POLLIN), revents: 0)
    guard unsafe poll(&request, 1, milliseconds) > 0 else { return false }
    var byte: UInt8 = 0
    return unsafe read(done.rawValue, &byte, 1) == 1
  }

  private static func pipe() -> (read: FileDescriptor, write: FileDescriptor)? {
    var ends: [Int32] = [-1, -1]
    guard unsafe Glibc.pipe(&ends) == 0 else { return nil }
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    return (FileDescriptor(rawValue: ends[0]), FileDescriptor(rawValue: ends[1]))
  }
}
