/// An errno of Linux, kept as a number so that nothing of it is lost; those that drivers answer
/// with have names.
public struct LinuxErrno: RawRepresentable, Error, Sendable, Hashable {
  public let rawValue: Int32
  public init(rawValue: Int32) { self.rawValue = rawValue }

  public static var notPermitted: Self { Self(rawValue: 1) }
  public static var noEntry: Self { Self(rawValue: 2) }
  public static var interrupted: Self { Self(rawValue: 4) }
  public static var inputOutput: Self { Self(rawValue: 5) }
  public static var badDescriptor: Self { Self(rawValue: 9) }
  public static var outOfMemory: Self { Self(rawValue: 12) }
  public static var accessDenied: Self { Self(rawValue: 13) }
  public static var fault: Self { Self(rawValue: 14) }
  public static var busy: Self { Self(rawValue: 16) }
  public static var noDevice: Self { Self(rawValue: 19) }
  public static var invalid: Self { Self(rawValue: 22) }
  public static var notSupportedByDriver: Self { Self(rawValue: 25) }
  public static var tooLarge: Self { Self(rawValue: 27) }
  public static var noSpace: Self { Self(rawValue: 28) }
  public static var notSeekable: Self { Self(rawValue: 29) }
  public static var noMessage: Self { Self(rawValue: 42) }
  public static var noData: Self { Self(rawValue: 61) }
  public static var protocolError: Self { Self(rawValue: 71) }
  public static var notSupported: Self { Self(rawValue: 95) }

  // include/uapi/asm-generic/errno-base.h and errno.h.
  private static let names: [Int32: (name: String, meaning: String)] = [
    1: ("EPERM", "operation not permitted"), 2: ("ENOENT", "no such thing"),
    4: ("EINTR", "interrupted"), 5: ("EIO", "input/output error"),
    6: ("ENXIO", "no such device or address"), 7: ("E2BIG", "too big"),
    9: ("EBADF", "bad file descriptor"), 11: ("EAGAIN", "not now"),
    12: ("ENOMEM", "no room"), 13: ("EACCES", "permission denied"),
    14: ("EFAULT", "bad address or bad data"), 16: ("EBUSY", "busy"),
    17: ("EEXIST", "exists"), 19: ("ENODEV", "no such device"),
    20: ("ENOTDIR", "not a directory"), 21: ("EISDIR", "a directory"),
    22: ("EINVAL", "invalid argument"), 23: ("ENFILE", "too many open files on the host"),
    24: ("EMFILE", "too many open files"), 25: ("ENOTTY", "the driver does not have it"),
    27: ("EFBIG", "too large"), 28: ("ENOSPC", "no space left"),
    29: ("ESPIPE", "illegal seek"), 32: ("EPIPE", "broken pipe"),
    34: ("ERANGE", "out of range"), 36: ("ENAMETOOLONG", "name too long"),
    38: ("ENOSYS", "there is no such request"), 42: ("ENOMSG", "nothing to read now"),
    61: ("ENODATA", "no data"), 71: ("EPROTO", "protocol error"),
    74: ("EBADMSG", "bad message"), 75: ("EOVERFLOW", "overflow"),
    88: ("ENOTSOCK", "not a socket"), 90: ("EMSGSIZE", "message too long"),
    95: ("EOPNOTSUPP", "not supported"),
    98: ("EADDRINUSE", "in use"), 104: ("ECONNRESET", "connection reset"),
    110: ("ETIMEDOUT", "timed out"), 111: ("ECONNREFUSED", "nobody listens"),
    125: ("ECANCELED", "cancelled"),
    131: ("ENOTRECOVERABLE", "not recoverable"),
  ]

  /// The number that `text` names, as `EIO` or as `5`.
  public init?(_ text: some StringProtocol) {
    if let number = Int32(text), (1...4095).contains(number) {
      self.init(rawValue: number)
    } else if let entry = Self.names.first(where: { $0.value.name == text }) {
      self.init(rawValue: entry.key)
    } else {
      return nil
    }
  }
}

extension LinuxErrno: CustomStringConvertible {
  /// `EIO`, or the number if it has no name here.
  public var symbol: String { Self.names[rawValue]?.name ?? "\(rawValue)" }

  /// `EIO (input/output error)`.
  public var description: String {
    Self.names[rawValue].map { "\($0.name) (\($0.meaning))" } ?? "errno \(rawValue)"
  }
}
