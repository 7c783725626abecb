public import Devices

/// Why QEMU did not do what it was asked at its monitor.
public enum QMPError: Error, Sendable, Hashable {
  /// A call on the socket failed.
  case system(LinuxErrno)
  /// QEMU closed the monitor, or did not answer in time.
  case closed
  /// What came is no answer of QMP.
  case malformed(String)
  /// QEMU's own refusal of a command.
  case refused(command: String, String)
  /// The VM is not as it must be for what was asked.
  case unsuitable(String)
  /// What failed, and what it has left of the VM.
  indirect case unsettled(QMPError, String)
}

extension QMPError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .system(let errno): "\(errno)"
    case .closed: "QEMU closed its monitor, or did not answer"
    case .malformed(let reason): "expected an answer of QMP, found \(reason)"
    case .refused(let command, let reason): "QEMU refused \(command): \(reason)"
    case .unsuitable(let reason): reason
    case .unsettled(let error, let left): "\(error); \(left)"
    }
  }
}
