import ByteIO
private import Glibc
public import SystemPackage

extension Program {
  /// How a process ended, or that it did not.
  public enum End: Sendable, Hashable {
    /// By itself; what it wrote to its standard output.
    case exited([UInt8])
    /// By this signal.
    case killed(Int32)
    /// It took longer than it may, and was ended.
    case late
    /// It took longer than it may, and cannot be ended.
    case stuck
  }

  /// Starts the program, gives it `input` as its standard input, and waits for what it writes and
  /// for its end.
  ///
  /// This process must ignore `SIGPIPE`, for the program need not take all of its input. Of what it
  /// writes some 64 MiB are taken, more than any answer has. The corresponding C functions are
  /// `posix_spawn` and `waitpid`.
  ///
  /// - Parameters:
  ///   - arguments: its arguments, the first of which is its name.
  ///   - input: what it reads as its standard input.
  ///   - limit: the longest that it may take; it is killed then.
  /// - Throws: the errno if no process could be started.
  public func run(
    _ arguments: [String], input: [UInt8], within limit: Duration
  ) throws(Errno) -> End {
    try ChildProcess(self, arguments).talk(input, limit: limit)
  }
}

/// A process whose standard input and output are pipes to here.
private struct ChildProcess: ~Copyable {
  typealias End = Program.End

  private let process: pid_t
  private let input: FileDescriptor
  private let output: FileDescriptor
  private let clock = SystemClock()

  private static let answerByteLimit = 64 << 20
  // A process that SIGKILL does not end within it waits for the kernel.
  private static let dyingTime = Duration.seconds(5)

  init(_ program: Program, _ arguments: [String]) throws(Errno) {
    let (input, output) = (try Pipe(), try Pipe())
    var actions = unsafe posix_spawn_file_actions_t()
    unsafe posix_spawn_file_actions_init(&actions)
    unsafe posix_spawn_file_actions_adddup2(&actions, input.reading.rawValue, STDIN_FILENO)
    unsafe posix_spawn_file_actions_adddup2(&actions, output.writing.rawValue, STDOUT_FILENO)
    var process: pid_t = 0
    let result = unsafe Program.withCArguments(arguments) { arguments in
      unsafe PathBytes(text: program.path).withCString { path in
        unsafe posix_spawn(&process, path, &actions, nil, arguments, environ)
      }
    }
    unsafe posix_spawn_file_actions_destroy(&actions)
    try? input.reading.close()
    try? output.writing.close()
    guard result == 0 else {
      try? input.writing.close()
      try? output.reading.close()
      throw Errno(rawValue: result)
    }
    self.process = process
    self.input = input.writing
    self.output = output.reading
  }

  /// Both ends of a pipe, which close when a program is started.
  private struct Pipe {
    let reading: FileDescriptor
    let writing: FileDescriptor

    init() throws(Errno) {
      var ends: [Int32] = [-1, -1]
      guard unsafe pipe(&ends) == 0 else { throw Errno(rawValue: errno) }
      for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
      (reading, writing) = (FileDescriptor(rawValue: ends[0]), FileDescriptor(rawValue: ends[1]))
    }
  }

  /// Gives it `bytes` as its input, and waits for what it writes and for its end.
  consuming func talk(_ bytes: [UInt8], limit: Duration) -> End {
    let deadline = clock.now + limit
    let answer = exchange(bytes, until: deadline)
    try? output.close()
    if answer != nil, let end = end(with: answer ?? [], until: deadline) { return end }
    kill(process, SIGKILL)
    guard end(with: [], until: clock.now + Self.dyingTime) != nil else { return .stuck }
    return .late
  }

  /// Writes and reads until the process closes its output; nil if it does not in time.
  private borrowing func exchange(_ bytes: [UInt8], until deadline: Duration) -> [UInt8]? {
    // A process that does not read must not hold this one.
    _ = fcntl(input.rawValue, F_SETFL, O_NONBLOCK)
    var left = bytes[...]
    var isGiving = true
    var answer: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      if isGiving, left.isEmpty {
        try? input.close()
        isGiving = false
      }
      let time = deadline - clock.now
      guard time > .zero else {
        if isGiving { try? input.close() }
        return nil
      }
      var waits = [
        pollfd(fd: output.rawValue, events: Int16(POLLIN), revents: 0),
        pollfd(fd: isGiving ? input.rawValue : -1, events: Int16(POLLOUT), revents: 0),
      ]
      guard unsafe poll(&waits, 2, Int32(clamping: Int64(time / .milliseconds(1)) + 1)) > 0 else {
        continue
      }
      if waits[1].revents != 0 {
        let part = left.prefix(1 << 16)
        let count = unsafe part.withUnsafeBytes {
          unsafe write(input.rawValue, $0.baseAddress, $0.count)
        }
        // Whoever does not want the rest does not get it.
        left = count < 0 && errno != EAGAIN && errno != EINTR ? [] : left.dropFirst(max(0, count))
      }
      guard waits[0].revents != 0 else { continue }
      let count = unsafe read(output.rawValue, &buffer, buffer.count)
      if count < 0 && errno == EINTR { continue }
      guard count > 0, answer.count < Self.answerByteLimit else {
        if isGiving { try? input.close() }
        return answer
      }
      answer += buffer[..<count]
    }
  }

  /// How it ended; nil if it does not in time.
  private borrowing func end(with answer: [UInt8], until deadline: Duration) -> End? {
    while true {
      var status: Int32 = 0
      if unsafe waitpid(process, &status, WNOHANG) == process {
        // WIFSIGNALED and WTERMSIG are macros.
        let signal = status & 0x7f
        return signal == 0 ? .exited(answer) : .killed(signal)
      }
      guard clock.now < deadline else { return nil }
      usleep(1000)
    }
  }
}
