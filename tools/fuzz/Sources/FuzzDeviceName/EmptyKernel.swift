import Devices
import SystemPackage
import VFIO

/// A kernel that has no file and of which no descriptor is open.
final class EmptyKernel: KernelInterface {
  func open(_ path: String, _ access: FileAccess) throws(LinuxErrno) -> FileDescriptor {
    throw .noEntry
  }

  func close(_ descriptor: FileDescriptor) {}

  func read(
    _ descriptor: FileDescriptor, into span: inout MutableRawSpan, at offset: UInt64?
  ) throws(LinuxErrno) -> Int {
    throw .badDescriptor
  }

  func write(
    _ descriptor: FileDescriptor, _ bytes: RawSpan, at offset: UInt64?
  ) throws(LinuxErrno) -> Int {
    throw .badDescriptor
  }

  func isReadable(_ descriptor: FileDescriptor) throws(LinuxErrno) -> Bool {
    throw .badDescriptor
  }

  func control(
    _ descriptor: FileDescriptor, _ request: IoctlRequest, _ argument: inout IoctlArgument
  ) throws(LinuxErrno) -> Int32 {
    throw .badDescriptor
  }

  func link(at path: String) throws(LinuxErrno) -> String { throw .noEntry }

  func entries(of path: String) throws(LinuxErrno) -> [String] { throw .noEntry }

  func release() -> String { "6.12.0" }
}
