public import Devices

/// One call of a trace, or one message of vfio-user with its reply.
public struct TraceRecord: Sendable, Hashable {
  /// The C function: `open`, `close`, `read`, `pread`, `write`, `pwrite`, `poll`, `ioctl`,
  /// `readlink`, `readdir`, `uname`.
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
  /// How many bytes a read had room for, or a write was given; of a message, those of its body.
  public var byteCount: Int?
  /// What a read brought, or a write was given, by a call or a message; no more than the trace
  /// keeps.
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
  /// What a record of a message has besides; its reply is the call's outcome.
  public var message: Message?
  /// What the call returned, of a poll 1 if it says readable and 0 if not; of a message, the bytes
  /// of the reply's body, or 0 without a reply.
  public var result: Int64 = 0
  /// The errno of a call that failed.
  public var error: LinuxErrno?

  /// A system call that is traced, or a message.
  public enum Call: String, Sendable, Hashable, CaseIterable {
    /// The calls, by the names of their C functions, and a command of vfio-user.
    case open, close, read, pread, write, pwrite, poll, ioctl, readlink, readdir, uname, message
  }

  /// A command of vfio-user, and whether it was answered.
  public struct Message: Sendable, Hashable {
    /// Who sent the command.
    public var sender: Sender
    /// The number that its reply has too.
    public var number: UInt16
    /// The specification's name of the command, as in `REGION_READ`.
    public var name: String
    /// How many descriptors came with the command.
    public var descriptorCount: Int
    /// How many came with the reply.
    public var replyDescriptorCount: Int
    /// Whether a reply came, which some commands do not want.
    public var isAnswered: Bool

    /// The sides of a connection.
    public enum Sender: String, Sendable, Hashable, CaseIterable {
      case client, server
    }

    /// A command and what became of it.
    public init(
      sender: Sender, number: UInt16, name: String, descriptorCount: Int = 0,
      replyDescriptorCount: Int = 0, isAnswered: Bool = true
    ) {
      self.sender = sender
      self.number = number
      self.name = name
      self.descriptorCount = descriptorCount
      self.replyDescriptorCount = replyDescriptorCount
      self.isAnswered = isAnswered
    }
  }

  /// A record of a call, to be filled in.
  public init(_ call: Call) { self.call = call }
}
