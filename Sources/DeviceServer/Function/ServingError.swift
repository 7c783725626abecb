public import Devices

/// Why a device cannot be served.
public enum ServingError: Error, Sendable, Hashable {
  /// It is of no kind that can be.
  case unsuitable(String)
  /// It cannot carry the profile.
  case profile(String)
  /// A call of it failed.
  case device(DeviceError)
  /// A socket could not be set up.
  case socket(path: String, LinuxErrno)

  static func naming<Result>(
    _ body: () throws(DeviceError) -> Result
  ) throws(ServingError) -> Result {
    do throws(DeviceError) {
      return try body()
    } catch {
      throw .device(error)
    }
  }
}

extension ServingError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .unsuitable(let reason), .profile(let reason): reason
    case .device(let error): "\(error)"
    case .socket(let path, let errno): "\(path): \(errno)"
    }
  }
}
