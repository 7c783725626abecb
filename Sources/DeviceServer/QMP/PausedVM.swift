import ByteIO
import Devices

/// A VM of QEMU that is paused for a while.
public struct PausedVM {
  private let monitor: QMPClient
  private var wasRunning = false

  /// Connects to the monitor at `path`; stops nothing.
  public init(path: String) throws(QMPError) {
    monitor = try QMPClient(path: path)
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
