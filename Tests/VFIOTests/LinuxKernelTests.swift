import Devices
import SystemPackage
import Testing
import VFIO

/// The calls of the kernel that this process runs on, of which any file will do.
@Suite struct LinuxKernelTests {
  @Test func aPipeIsReadableOnceThereIsSomething() throws {
    let kernel = LinuxKernel()
    let ends = try FileDescriptor.pipe()
    #expect(try !kernel.isReadable(ends.readEnd))
    try ends.writeEnd.writeAll([1])
    #expect(try kernel.isReadable(ends.readEnd))
    try ends.writeEnd.close()
    try ends.readEnd.close()
  }

  @Test func whatIsNotOpenCannotBePolled() {
    // Above what any process may open.
    let closed = FileDescriptor(rawValue: Int32.max)
    #expect(throws: LinuxErrno.badDescriptor) { try LinuxKernel().isReadable(closed) }
  }
}
