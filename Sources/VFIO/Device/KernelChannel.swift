private import CVFIO
public import Devices
import SystemPackage

/// The data channel of a kernel's device: what the kernel calls the data_fd. It closes when it
/// goes.
public final class KernelChannel: PolledChannel {
  private let kernel: any KernelInterface
  private let handle: KernelDescriptor
  // Without the opt-in the flags are whatever the driver left in them (Linux before 7.1).
  private let tellsReinitialization: Bool
  private var position: UInt64 = 0

  init(
    _ descriptor: FileDescriptor, in kernel: any KernelInterface, tellsReinitialization: Bool
  ) {
    self.kernel = kernel
    self.tellsReinitialization = tellsReinitialization
    handle = KernelDescriptor(descriptor, in: kernel)
  }

  /// Reads once; 0 at the end of the state. Throws the errno of `read(2)`.
  public func read(into span: inout MutableRawSpan) throws(DeviceError) -> Int {
    do throws(LinuxErrno) {
      let count = try kernel.read(handle.number, into: &span, at: nil)
      position &+= UInt64(count)
      return count
    } catch {
      throw DeviceError(.readData(at: position), error)
    }
  }

  /// Writes once and returns the bytes that the driver took. Throws the errno of `write(2)`.
  public func write(_ bytes: RawSpan) throws(DeviceError) -> Int {
    do throws(LinuxErrno) {
      let count = try kernel.write(handle.number, bytes, at: nil)
      position &+= UInt64(count)
      return count
    } catch {
      throw DeviceError(.writeData(at: position), error)
    }
  }

  /// Whether the driver says that a read would not wait. Throws the errno of `poll(2)`.
  public func isReadable() throws(DeviceError) -> Bool {
    do throws(LinuxErrno) {
      return try kernel.isReadable(handle.number)
    } catch {
      throw DeviceError(.readData(at: position), error)
    }
  }

  /// The bytes that are left to read (VFIO_MIG_GET_PRECOPY_INFO).
  public func preCopyInformation() throws(DeviceError) -> PreCopyInformation {
    var request = cvfio_precopy_info()
    request.argsz = UInt32(MemoryLayout.size(ofValue: request))
    var argument = IoctlArgument(request)
    do throws(LinuxErrno) {
      _ = try kernel.control(handle.number, .getPreCopyInformation, &argument)
    } catch {
      throw DeviceError(.readPreCopyInformation, error)
    }
    let answer = argument.load(cvfio_precopy_info.self)
    return PreCopyInformation(
      initialByteCount: answer.initial_bytes, dirtyByteCount: answer.dirty_bytes,
      isReinitialized: tellsReinitialization
        && answer.flags & UInt32(CVFIO_PRECOPY_INFO_REINIT) != 0)
  }
}
