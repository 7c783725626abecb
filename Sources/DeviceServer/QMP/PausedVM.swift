import ByteIO
import Devices
public import VirtualPCI

/// A VM of QEMU that is paused for a while.
public struct PausedVM {
  private let monitor: QMPClient
  private var wasRunning = false

  /// A served device that a VM has.
  public struct Device {
    let name: String
    let space: ConfigSpaceState
    let client: UInt32?
    /// The `id=` of its `-device`. It is a word on whose device it is too: without one the monitor
    /// must be the client's own, by its process.
    public var identifier: String?

    /// - Parameters:
    ///   - name: what messages call it.
    ///   - space: what the guest sees.
    ///   - client: the process that has the device, if it is known.
    public init(name: String, space: ConfigSpaceState, client: UInt32?) {
      self.name = name
      self.space = space
      self.client = client
    }
  }

  /// Connects to the monitor at `path`, and makes sure that its VM has `devices`; stops nothing.
  public init(path: String, devices: [Device] = []) throws(QMPError) {
    monitor = try QMPClient(path: path)
    try monitor.require(devices)
  }

  /// Pauses the VM, unless it is paused, or an `Interruption` is requested. If it throws, the VM
  /// runs on.
  public mutating func pause() throws(QMPError) {
    guard try monitor.isRunning() else { return }
    guard !Interruption.isRequested else { throw .system(.interrupted) }
    wasRunning = true
    do throws(QMPError) {
      try monitor.pause()
      guard try !monitor.isRunning() else { throw .unsuitable("QEMU did not pause the VM") }
    } catch {
      // An answer that did not come in time says nothing of what QEMU did.
      do throws(QMPError) {
        try runOn()
      } catch let second {
        throw .unsettled(error, "the VM may stay paused: \(second)")
      }
      throw error
    }
  }

  /// Lets the VM run on, if it ran; whatever signals come.
  public func runOn() throws(QMPError) {
    if wasRunning { try monitor.resume() }
  }
}
