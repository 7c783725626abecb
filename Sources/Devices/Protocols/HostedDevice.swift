/// A device that lives in the process that serves it: it reaches into memory, and interrupts,
/// through whoever serves it.
public protocol HostedDevice: AnyObject {
  /// The memory that the device reaches; nil as long as nobody lends any.
  var memory: (any DMAMemory)? { get set }

  /// Whether the device asks for its INTx.
  var isInterruptPending: Bool { get }

  /// Has the device do what it has to do of its own accord by `now`, a time since any moment; when
  /// it wants to be asked again, or nil if it has nothing more to do.
  func advance(to now: Duration) -> Duration?
}

/// Memory as a device sees it, by the device's addresses.
public protocol DMAMemory: AnyObject {
  /// Fills `span` with what lies at `address`; EFAULT if some of it is not the device's to read.
  func read(into span: inout MutableRawSpan, at address: UInt64) throws(LinuxErrno)

  /// Writes to `address`; EFAULT if some of it is not the device's to write, of which nothing is
  /// written then.
  func write(_ bytes: RawSpan, at address: UInt64) throws(LinuxErrno)
}
