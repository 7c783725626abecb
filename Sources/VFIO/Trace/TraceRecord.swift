public import Devices

/// One call of a trace.
public struct TraceRecord: Sendable, Hashable {
  /// The C function: `open`, `close`, `read`, `pread`, `write`, `pwrite`, `ioctl`, `readlink`,
  /// `readdir`, `uname`.
  public var call: Call
  /// When it was made, in seconds since the trace began, and how long it took; in nanoseconds.
  public var time: UInt64 = 0
  /// The time that the call took, in nanoseconds.
  public var duration: UInt64 = 0
  /// The descriptor that the call was made on, or opened.
  public var descriptor: Int32?
  /// The path, for calls that take one.
  public var path: String?
  /// The access mode of an `open`.
  public var access: FileAccess?
  /// The request of an `ioctl`.
  public var request: IoctlRequest?
  /// The place in the file that a pread or pwrite named.
  public var offset: UInt64?
  /// How many bytes a read had room for, or a write was given.
  public var byteCount: Int?
  /// What a read brought, or a write was given; no more than the trace keeps.
  public var data: [UInt8]?
  /// A request's argument before and after.
  public var argument: IoctlArgument?
  /// The argument as the kernel left it.
  public var answer: IoctlArgument?
  /// The argument's fields before and after, for people.
  public var arguments: [TraceField] = []
  /// The fields that the kernel wrote.
  public var results: [TraceField] = []
  /// What a readlink, readdir or uname said; a name for each line of a directory.
  public var names: [String]?
  /// What the call returned.
  public var result: Int64 = 0
  /// The errno of a call that failed.
  public var error: LinuxErrno?

  /// A system call that is traced.
  public enum Call: String, Sendable, Hashable, CaseIterable {
    /// The calls, by the names of their C functions.
    case open, close, read, pread, write, pwrite, ioctl, readlink, readdir, uname
  }

  /// A record of a call, to be filled in.
  public init(_ call: Call) { self.call = call }
}
