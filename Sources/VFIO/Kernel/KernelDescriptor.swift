public import SystemPackage

/// An open file of the kernel; closed when it goes, if it is ours.
public struct KernelDescriptor: ~Copyable {
  /// The descriptor, which closes with this value.
  public let number: FileDescriptor
  private let kernel: any KernelInterface
  private let isOwned: Bool

  /// Takes a descriptor. One that is not owned belongs to whoever started this process, or calls
  /// this library, and stays open.
  init(_ number: FileDescriptor, in kernel: any KernelInterface, isOwned: Bool = true) {
    self.number = number
    self.kernel = kernel
    self.isOwned = isOwned
  }

  deinit { if isOwned { kernel.close(number) } }
}
