private import CGlibc
private import Glibc
import SystemPackage

/// Room on the disk that a file that grows was given ahead of what is written into it.
///
/// File systems that learn of a file's growth only page by page spend more time on finding room
/// than on copying (`Benchmarks/README.md`).
final class Preallocation {
  private var position: UInt64 = 0
  private var end: UInt64 = 0
  private var isUsed = true

  // As much again as there is, between these. If the file lies in memory the room takes time as
  // well, for which threads that code would wait.
  private static let leastStep: UInt64 = 1 << 20
  private static let mostStep: UInt64 = 8 << 20

  /// Sees to room for `count` more bytes, if the file system does that; a small file is left as
  /// it is.
  func reserve(_ count: Int, in descriptor: FileDescriptor) {
    position += UInt64(count)
    guard isUsed, position > max(end, Self.leastStep) else { return }
    let step = min(max(position - end, position), Self.mostStep)
    let start = end
    end = position + step
    // What is not written does not belong to the file. A full disk is the write's to report.
    isUsed =
      ferry_fallocate_keeping_size(descriptor.rawValue, Int64(start), Int64(end - start)) == 0
  }

  /// Gives back what was not written, and gives the file no more.
  func giveBack(in descriptor: FileDescriptor) {
    isUsed = false
    // Also after a call that failed: a disk that has become full may have given a part.
    if end > position { _ = ftruncate(descriptor.rawValue, off_t(position)) }
    end = 0
  }
}
