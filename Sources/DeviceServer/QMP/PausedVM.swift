/// A VM of QEMU that was paused for a while.
public struct PausedVM {
  private let monitor: QMPClient
  private let wasRunning: Bool

  /// Pauses the VM whose monitor is at `path`, unless it is paused.
  public init(path: String) throws(QMPError) {
    monitor = try QMPClient(path: path)
    wasRunning = try monitor.isRunning()
    guard wasRunning else { return }
    try monitor.pause()
    guard try !monitor.isRunning() else { throw .unsuitable("QEMU did not pause the VM") }
  }

  /// Lets the VM run on, if it ran.
  public func runOn() throws(QMPError) {
    if wasRunning { try monitor.resume() }
  }
}
