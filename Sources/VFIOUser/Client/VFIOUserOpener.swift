public import Devices

/// A device at a socket for whoever opens it again and again; a server that ends with its client
/// has it once.
public final class VFIOUserOpener: DeviceOpener {
  public let name: String
  private let path: String
  private let trace: MessageTrace?
  // Opened to see whether it can be, and given to who asks first.
  private var first: VFIOUserDevice?

  /// Connects to the server at `path` for the first time.
  public init(path: String, name: String, trace: MessageTrace? = nil) throws(DeviceError) {
    self.name = name
    self.path = path
    self.trace = trace
    first = try VFIOUserDevice(path: path, name: name, trace: trace)
  }

  public func open() throws(DeviceError) -> any MigratableDevice {
    if let device = first {
      first = nil
      return device
    }
    return try VFIOUserDevice(path: path, name: name, trace: trace)
  }
}
