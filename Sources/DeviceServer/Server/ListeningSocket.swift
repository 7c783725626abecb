import Devices
private import Glibc
import SystemPackage
import VFIO
import VFIOUser

/// A socket that listens at a path, and leaves the path as it goes: its own file alone, for a newer
/// server may listen there by then.
final class ListeningSocket {
  let path: String
  private let descriptor: OwnedDescriptor
  private let file: File?

  /// What tells a file from all others.
  private struct File: Hashable {
    let device: dev_t
    let number: ino_t

    init?(at path: String) {
      var status = stat()
      guard unsafe lstat(path, &status) == 0 else { return nil }
      device = status.st_dev
      number = status.st_ino
    }
  }

  init(at path: String) throws(ServingError) {
    do throws(LinuxErrno) {
      descriptor = OwnedDescriptor(try UnixSocket.listen(at: path).rawValue)
    } catch {
      throw .socket(path: path, error)
    }
    self.path = path
    file = File(at: path)
  }

  deinit {
    guard let file, File(at: path) == file else { return }
    unsafe unlink(path)
  }

  /// The number of the socket's descriptor.
  var number: Int32 { descriptor.number }

  /// Has the socket's file belong to a user.
  func give(to user: UInt32) throws(ServingError) {
    guard unsafe chown(path, user, gid_t.max) == 0 else {
      throw .socket(path: path, LinuxErrno(rawValue: errno))
    }
  }
}
