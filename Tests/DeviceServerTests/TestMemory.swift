import Glibc
import Testing
import VFIOUser

/// Memory as a VMM hands it over.
enum TestMemory {
  /// A file of memory, which is not sealed.
  static func file(byteCount: Int) throws -> OwnedDescriptor {
    var template = Array("/tmp/memory.XXXXXX".utf8CString)
    let descriptor = mkstemp(&template)
    defer { unlink(template) }
    try #require(descriptor >= 0)
    try #require(ftruncate(descriptor, byteCount) == 0)
    return OwnedDescriptor(descriptor)
  }
}
