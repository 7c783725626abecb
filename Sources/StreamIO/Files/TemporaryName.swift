import ByteIO
private import Glibc
private import Synchronization
import SystemPackage

/// A name that a file has before it is put in its place.
///
/// There are a few such names for a place. Whoever has one holds a lock on the file (`flock`) until
/// it is in its place, so one whose lock can be had was left by a program that was killed.
struct TemporaryName {
  /// The name.
  let path: PathBytes
  private let slot: SignalSlots.Slot

  // More than programs write one file at once.
  private static let count = 64
  // As many as are looked at before a file is written: those that were killed had the first.
  private static let sweptCount = 4

  private static func path(_ number: Int, for target: PathBytes) -> PathBytes {
    let end = Array(".ferry-\(number).tmp".utf8)
    // A name has at most 255 bytes.
    return target.renamed([UInt8(ascii: ".")] + target.name.prefix(254 - end.count) + end)
  }

  /// Removes the files that killed programs left on their way to `target`.
  static func sweep(for target: PathBytes) {
    for number in 0..<sweptCount { removeStale(path(number, for: target)) }
  }

  /// Whether a file without a name can be given one, which /proc is needed for.
  static var canName: Bool { unsafe access("/proc/self/fd", X_OK) == 0 }

  /// Gives a file without a name one on its way to `target`.
  static func naming(
    _ descriptor: FileDescriptor, for target: PathBytes
  ) throws(Errno) -> TemporaryName {
    // What has no lock is never taken for stale where nothing has locks.
    _ = flock(descriptor.rawValue, LOCK_EX | LOCK_NB)
    let source = PathBytes(Array("/proc/self/fd/\(descriptor.rawValue)".utf8))
    return try first(for: target) { (path) throws(Errno) in
      let result = unsafe source.withCString { source in
        unsafe path.withCString { path in
          unsafe linkat(AT_FDCWD, source, AT_FDCWD, path, AT_SYMLINK_FOLLOW)
        }
      }
      guard result == 0 else { throw Errno(rawValue: errno) }
    }
  }

  /// Makes a file on its way to `target`, for a file system without files that have no name.
  static func create(
    for target: PathBytes
  ) throws(Errno) -> (name: TemporaryName, descriptor: FileDescriptor) {
    var descriptor = FileDescriptor(rawValue: -1)
    let name = try first(for: target) { (path) throws(Errno) in
      descriptor = try FileDescriptor.open(path, flags: O_WRONLY | O_CREAT | O_EXCL)
      // Whoever looks whether it is stale has the lock for a moment, and may have removed it.
      guard flock(descriptor.rawValue, LOCK_EX) != 0 || isNamed(descriptor, path) else {
        try? descriptor.close()
        throw .fileExists
      }
    }
    return (name, descriptor)
  }

  /// The first name that `take` can give a file. No signal comes between that and its being noted.
  private static func first(
    for target: PathBytes, _ take: (PathBytes) throws(Errno) -> Void
  ) throws(Errno) -> TemporaryName {
    for number in 0..<count {
      let path = path(number, for: target)
      // Twice: it may have been stale.
      for _ in 0..<2 {
        do throws(Errno) {
          return try withoutSignals { () throws(Errno) in
            try take(path)
            return TemporaryName(path: path, slot: SignalSlots.note(path))
          }
        } catch {
          guard error == .fileExists else { throw error }
          removeStale(path)
        }
      }
    }
    throw .fileExists
  }

  /// Puts the file in its place.
  consuming func move(to target: PathBytes) throws(Errno) {
    try Self.withoutSignals { () throws(Errno) in
      let result = unsafe path.withCString { path in
        unsafe target.withCString { unsafe rename(path, $0) }
      }
      let code = Errno(rawValue: errno)
      if result != 0 { unsafe path.withCString { _ = unsafe unlink($0) } }
      SignalSlots.forget(slot)
      guard result == 0 else { throw code }
    }
  }

  /// Gives the file up.
  consuming func remove() {
    Self.withoutSignals {
      unsafe path.withCString { _ = unsafe unlink($0) }
      SignalSlots.forget(slot)
    }
  }

  /// Removes a file that has this name, if nobody has its lock.
  private static func removeStale(_ path: PathBytes) {
    let flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK
    guard let descriptor = try? FileDescriptor.open(path, flags: flags) else { return }
    defer { try? descriptor.close() }
    // Between opening and locking it may have been put in its place, where it has another name.
    guard flock(descriptor.rawValue, LOCK_EX | LOCK_NB) == 0, isNamed(descriptor, path) else {
      return
    }
    unsafe path.withCString { _ = unsafe unlink($0) }
  }

  private static func isNamed(_ descriptor: FileDescriptor, _ path: PathBytes) -> Bool {
    var file = stat()
    var status = stat()
    return unsafe fstat(descriptor.rawValue, &file) == 0
      && path.withCString { unsafe lstat($0, &status) } == 0
      && file.st_dev == status.st_dev && file.st_ino == status.st_ino
      && file.st_mode & S_IFMT == S_IFREG
  }

  /// Runs `body`, and has signals wait until it is done.
  private static func withoutSignals<Result, Failure: Error>(
    _ body: () throws(Failure) -> Result
  ) throws(Failure) -> Result {
    var all = sigset_t()
    var before = sigset_t()
    unsafe sigfillset(&all)
    unsafe pthread_sigmask(SIG_SETMASK, &all, &before)
    defer { unsafe pthread_sigmask(SIG_SETMASK, &before, nil) }
    return try body()
  }
}

/// The temporary names that there are now, for a handler of signals.
enum SignalSlots {
  /// The place of a name; nil if there is none for it.
  typealias Slot = Int?

  // More than a command writes at once.
  private static let slots = InlineArray<16, Atomic<UInt>> { _ in Atomic(0) }

  /// Notes a name.
  static func note(_ path: PathBytes) -> Slot {
    // SAFETY: the copy is freed when nothing points to it any more.
    guard let copy = unsafe path.withCString({ unsafe strdup($0) }) else { return nil }
    let address = UInt(bitPattern: copy)
    for number in slots.indices
    where slots[number].compareExchange(expected: 0, desired: address, ordering: .relaxed).exchanged
    {
      return number
    }
    unsafe free(copy)
    return nil
  }

  /// Forgets a name.
  static func forget(_ slot: Slot) {
    guard let slot else { return }
    let address = slots[slot].exchange(0, ordering: .relaxed)
    unsafe free(UnsafeMutableRawPointer(bitPattern: address))
  }

  /// Removes the files that have the names; may be called in a handler of signals, once it was
  /// called outside one.
  static func removeAll() {
    for number in slots.indices {
      let address = slots[number].load(ordering: .relaxed)
      if let path = unsafe UnsafePointer<CChar>(bitPattern: address) { unsafe unlink(path) }
    }
  }
}
