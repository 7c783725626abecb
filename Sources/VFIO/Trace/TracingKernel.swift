private import ByteIO
public import Devices
public import SystemPackage

/// A kernel that makes every call of another, and tells of each.
public final class TracingKernel: KernelInterface {
  private let kernel: any KernelInterface
  /// The most bytes of data that a record keeps.
  public let dataLimit: Int
  /// The time of the trace, in nanoseconds.
  public let now: () -> UInt64
  /// Told of each call, and of whatever else belongs into the trace.
  public let record: (TraceRecord) -> Void

  /// Calls `kernel`, and gives each call to `record` when it is over.
  ///
  /// `now` is a time in nanoseconds. Of data that is read or written, `dataLimit` bytes a call are
  /// kept: a trace that lacks some cannot stand in for the device.
  public init(
    _ kernel: any KernelInterface, dataLimit: Int = 4096, now: @escaping () -> UInt64,
    record: @escaping (TraceRecord) -> Void
  ) {
    self.kernel = kernel
    self.dataLimit = dataLimit
    self.now = now
    self.record = record
  }

  /// Makes a call, and records it with what `fill` adds of its result.
  private func trace<Result>(
    _ draft: TraceRecord, _ body: () throws(LinuxErrno) -> Result,
    _ fill: (inout TraceRecord, Result) -> Void
  ) throws(LinuxErrno) -> Result {
    var draft = draft
    draft.time = now()
    do throws(LinuxErrno) {
      let result = try body()
      draft.duration = now() &- draft.time
      fill(&draft, result)
      record(draft)
      return result
    } catch {
      draft.duration = now() &- draft.time
      draft.result = -1
      draft.error = error
      record(draft)
      throw error
    }
  }

  public func open(_ path: String, _ access: FileAccess) throws(LinuxErrno) -> FileDescriptor {
    var draft = TraceRecord(.open)
    draft.path = path
    draft.access = access
    return try trace(draft) { () throws(LinuxErrno) in
      try kernel.open(path, access)
    } _: {
      $0.result = Int64($1.rawValue)
    }
  }

  public func close(_ descriptor: FileDescriptor) {
    var draft = TraceRecord(.close)
    draft.descriptor = descriptor.rawValue
    draft.time = now()
    kernel.close(descriptor)
    draft.duration = now() &- draft.time
    record(draft)
  }

  public func read(
    _ descriptor: FileDescriptor, into span: inout MutableRawSpan, at offset: UInt64?
  ) throws(LinuxErrno) -> Int {
    var draft = TraceRecord(offset == nil ? .read : .pread)
    draft.descriptor = descriptor.rawValue
    draft.offset = offset
    draft.byteCount = span.byteCount
    draft.time = now()
    do throws(LinuxErrno) {
      let count = try kernel.read(descriptor, into: &span, at: offset)
      draft.duration = now() &- draft.time
      draft.result = Int64(count)
      draft.data = [UInt8](span.bytes.extracting(first: min(count, dataLimit)))
      record(draft)
      return count
    } catch {
      draft.duration = now() &- draft.time
      draft.result = -1
      draft.error = error
      record(draft)
      throw error
    }
  }

  public func write(
    _ descriptor: FileDescriptor, _ bytes: RawSpan, at offset: UInt64?
  ) throws(LinuxErrno) -> Int {
    var draft = TraceRecord(offset == nil ? .write : .pwrite)
    draft.descriptor = descriptor.rawValue
    draft.offset = offset
    draft.byteCount = bytes.byteCount
    draft.data = [UInt8](bytes.extracting(first: min(bytes.byteCount, dataLimit)))
    return try trace(draft) { () throws(LinuxErrno) in
      try kernel.write(descriptor, bytes, at: offset)
    } _: {
      $0.result = Int64($1)
    }
  }

  public func isReadable(_ descriptor: FileDescriptor) throws(LinuxErrno) -> Bool {
    var draft = TraceRecord(.poll)
    draft.descriptor = descriptor.rawValue
    return try trace(draft) { () throws(LinuxErrno) in
      try kernel.isReadable(descriptor)
    } _: {
      $0.result = $1 ? 1 : 0
    }
  }

  public func control(
    _ descriptor: FileDescriptor, _ request: IoctlRequest, _ argument: inout IoctlArgument
  ) throws(LinuxErrno) -> Int32 {
    var draft = TraceRecord(.ioctl)
    draft.descriptor = descriptor.rawValue
    draft.request = request
    draft.argument = argument
    draft.arguments = request.fields(of: argument)
    var answer = argument
    defer { argument = answer }
    return try trace(draft) { () throws(LinuxErrno) in
      try kernel.control(descriptor, request, &answer)
    } _: {
      $0.result = Int64($1)
      $0.answer = answer
      $0.results = request.fields(of: answer)
    }
  }

  public func link(at path: String) throws(LinuxErrno) -> String {
    var draft = TraceRecord(.readlink)
    draft.path = path
    return try trace(draft) { () throws(LinuxErrno) in
      try kernel.link(at: path)
    } _: {
      $0.names = [$1]
      $0.result = Int64($1.utf8.count)
    }
  }

  public func entries(of path: String) throws(LinuxErrno) -> [String] {
    var draft = TraceRecord(.readdir)
    draft.path = path
    return try trace(draft) { () throws(LinuxErrno) in
      try kernel.entries(of: path)
    } _: {
      $0.names = $1
      $0.result = Int64($1.count)
    }
  }

  public func release() -> String {
    var draft = TraceRecord(.uname)
    draft.time = now()
    let release = kernel.release()
    draft.duration = now() &- draft.time
    draft.names = [release]
    record(draft)
    return release
  }
}
