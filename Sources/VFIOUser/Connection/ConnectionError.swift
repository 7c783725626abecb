public import Devices

/// Why a connection gave no message, or took none. It is of no use afterwards.
public enum ConnectionError: Error, Sendable, Hashable {
  /// The other side closed it, between messages or within one.
  case closed(isWithinMessage: Bool)
  /// Nothing came, or went, for so long.
  case timeout
  /// What came is no message.
  case malformed(MessageError)
  /// A call failed.
  case system(LinuxErrno)
}

extension ConnectionError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .closed(false): "the other side closed the connection"
    case .closed(true): "the other side closed the connection within a message"
    case .timeout: "the other side did not answer in time"
    case .malformed(let error): "\(error)"
    case .system(let error): "\(error)"
    }
  }
}
