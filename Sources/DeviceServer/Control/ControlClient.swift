import ByteIO
public import Devices
public import Migration
import VFIO
public import VFIOUser
public import VirtualPCI
import YAMLReader

/// The other end of a server's control socket: the device for captures and replays, and what the
/// protocol does not have.
public final class ControlClient: GuestSpaceServer {
  /// The device that is served, whose state can be taken out and put in. Its configuration space is
  /// the device's own.
  public let device: VFIOUserDevice

  /// Connects to the control socket at `path`.
  public init(path: String, name: String? = nil, trace: MessageTrace? = nil) throws(DeviceError) {
    device = try VFIOUserDevice(
      path: path, name: name ?? "serve:\(path)", isKeptByServer: true, trace: trace)
  }

  /// What the server says of itself.
  public func status() throws(DeviceError) -> ServerStatus {
    let text = try device.send(.identify, .controlStatus)
    do throws(YAMLError) {
      return try ServerStatus(parsing: text)
    } catch {
      throw DeviceError(.identify, .protocolError, detail: "in the server's status: \(error)")
    }
  }

  /// What the guest sees of the configuration space; nil if it sees the device's own.
  public func guestSpace() throws(DeviceError) -> ConfigSpaceState? {
    let text = try device.send(.readConfiguration(at: 0), .readGuestSpace)
    guard !text.isEmpty else { return nil }
    do throws(YAMLError) {
      return try ConfigSpaceState(parsing: text)
    } catch {
      throw DeviceError(
        .readConfiguration(at: 0), .protocolError, detail: "in what the guest sees: \(error)")
    }
  }

  /// The configuration space as the guest reads it, by a profile or the device's own.
  public func guestView() throws(DeviceError) -> ConfigSpaceState {
    if let space = try guestSpace() { return space }
    let space = try device.configurationSpace()
    return ConfigSpaceState(
      synthesized: space, emulatedBits: [UInt8](repeating: 0, count: space.count))
  }

  /// Has the guest see a configuration space as it was on another device.
  public func restore(_ state: ConfigSpaceState) throws(DeviceError) {
    _ = try device.send(
      .writeConfiguration(at: 0), .writeGuestSpace, [UInt8](state.json.line.utf8))
  }
}
