/// What a device or its driver refused, with the errno as it came.
public struct DeviceError: Error, Sendable, Hashable {
  /// What was asked.
  public let operation: Operation
  /// What the driver, or the kernel for it, answered.
  public let errno: LinuxErrno
  /// What else is known of the device and the kernel that bears on it.
  public let detail: String?

  /// A refusal of an operation.
  public init(_ operation: Operation, _ errno: LinuxErrno, detail: String? = nil) {
    self.operation = operation
    self.errno = errno
    self.detail = detail
  }

  /// The same answer to another operation, of which the one that failed was a part.
  package func at(_ operation: Operation) -> DeviceError {
    DeviceError(operation, errno, detail: detail)
  }

  /// The arc that failed, if it was one.
  public var arc: MigrationArc? {
    operation.arc
  }
}

extension DeviceError: CustomStringConvertible {
  public var description: String {
    "\(operation): \(errno)" + (detail.map { "; \($0)" } ?? "")
  }
}
