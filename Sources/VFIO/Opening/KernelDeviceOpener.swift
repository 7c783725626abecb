public import Devices

/// A device of the kernel for whoever opens it again and again.
public final class KernelDeviceOpener: DeviceOpener {
  public let name: String
  private let uri: DeviceURI
  private let kernel: any KernelInterface
  private let host: HostTree?
  // Opened to see whether it can be, and given to who asks first.
  private var first: KernelDevice?

  /// Opens the device that `uri` names, as `KernelDevice.open` does.
  public init(
    _ uri: DeviceURI, in kernel: any KernelInterface, host: HostTree? = nil
  ) throws(DeviceOpenError) {
    self.uri = uri
    self.kernel = kernel
    self.host = host
    let device = try KernelDevice.open(uri, in: kernel, host: host)
    name = device.name
    first = device
  }

  /// An inherited device is open once, by whoever opened it.
  public var canReopen: Bool { uri.scheme != "fd" }

  /// Throws the kernel's errno, and ENOENT if there is no such device any more.
  public func open() throws(DeviceError) -> any MigratableDevice {
    if let device = first {
      first = nil
      return device
    }
    do throws(DeviceOpenError) {
      return try KernelDevice.open(uri, in: kernel, host: host)
    } catch {
      switch error {
      case .device(let cause): throw cause
      case .malformed, .absent:
        throw DeviceError(.open(name), .noEntry, detail: "\(error)")
      }
    }
  }
}
