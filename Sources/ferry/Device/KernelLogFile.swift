import Conformance
import Glibc
import SystemPackage

/// The log of the kernel that runs this process, from now on.
final class KernelLogFile: KernelLog {
  private static let path = "/dev/kmsg"
  private let descriptor: Result<FileDescriptor, Errno>

  init() {
    descriptor = Result {
      () throws(Errno) in
      let file = FileDescriptor(
        rawValue: unsafe open(Self.path, O_RDONLY | O_NONBLOCK | O_CLOEXEC))
      guard file.rawValue >= 0 else { throw Errno(rawValue: errno) }
      _ = lseek(file.rawValue, 0, SEEK_END)
      return file
    }
  }

  deinit { if case .success(let file) = descriptor { try? file.close() } }

  func records() -> KernelLogRecords {
    switch descriptor {
    case .failure(let error): return .unread("\(Self.path): \(error)")
    case .success(let file):
      var records: [String] = []
      var buffer = [UInt8](repeating: 0, count: 8192)
      // A read gives one record; EPIPE says that some were overwritten before they were read.
      while records.count < Self.recordLimit {
        let count = unsafe read(file.rawValue, &buffer, buffer.count)
        if count < 0, errno == EPIPE || errno == EINTR { continue }
        guard count > 0 else { break }
        records.append(String(decoding: buffer[..<count], as: UTF8.self))
      }
      return .read(records)
    }
  }

  // What logs more than that while a check runs says nothing new.
  private static let recordLimit = 1 << 16
}
