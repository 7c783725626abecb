public import ByteIO
private import Glibc
public import MigrationStream
public import StreamIO
import SystemPackage
import YAMLReader

/// The decisions of one side of a handover in a file, `UUID.source` or `UUID.target`: each is
/// written and synced before it is acted on.
///
/// A line of JSON for each. A line that has no end was not synced, so nothing was done on it. Who
/// writes a journal holds a lock on it, so that others see whether that process lives.
public struct Journal<Decision: JournalDecision>: ~Copyable {
  /// The file.
  public let path: String
  /// Which handover it is of.
  public let handover: StreamUUID
  /// The last decision.
  public private(set) var decision: Decision
  private let descriptor: FileDescriptor
  // The bytes of whole lines; what stands behind them was not synced.
  private var byteCount: off_t = 0

  /// Begins a journal in `directory`, which is made if it is not there; the first line says which
  /// handover it is, and has `facts`, such as the peer and the devices.
  public static func begin(
    of handover: StreamUUID, in directory: String, facts: JSONValue
  ) throws(StreamIOError) -> Journal {
    try make(directory)
    let path = JournalFolder(directory).path(of: handover, Decision.self)
    var journal = Journal(
      try lock(path, O_RDWR | O_APPEND | O_CREAT | O_EXCL), path, handover, Decision.first)
    let which: JSONValue = ["handover": .string("\(handover)")]
    try journal.write(journal.decision, which.merged(with: facts))
    try sync(directory)
    return journal
  }

  /// Goes on with a journal that another process has left; EAGAIN if that still lives.
  public init(continuing path: String, of handover: StreamUUID) throws(StreamIOError) {
    let descriptor = try Self.lock(path, O_RDWR | O_APPEND)
    let last: (decision: Decision, count: Int, byteCount: Int)?
    do throws(StreamIOError) {
      last = try JournalFolder.decision(of: Decision.self, at: path)
    } catch {
      try? descriptor.close()
      throw error
    }
    self.init(descriptor, path, handover, last?.decision ?? Decision.first)
    byteCount = off_t(last?.byteCount ?? 0)
  }

  private init(
    _ descriptor: FileDescriptor, _ path: String, _ handover: StreamUUID, _ decision: Decision
  ) {
    self.descriptor = descriptor
    self.path = path
    self.handover = handover
    self.decision = decision
  }

  deinit { try? descriptor.close() }

  /// Writes a decision down; from its return on it may be acted on. One that cannot follow is
  /// refused.
  public mutating func append(
    _ next: Decision, why: String? = nil
  ) throws(StreamIOError) {
    guard decision.isFollowed(by: next) else {
      throw StreamIOError(
        path,
        .content(
          "expected a decision that follows \(decision.rawValue), found \(next.rawValue)"))
    }
    try write(next, ["why": why.map { .string($0) }])
    decision = next
  }

  private mutating func write(
    _ decision: Decision, _ facts: JSONValue
  ) throws(StreamIOError) {
    let line: JSONValue = [
      "decision": .string(decision.rawValue), "time": .number(time(nil)),
    ]
    let text = line.merged(with: facts).line + "\n"
    do throws(StreamIOError) {
      try truncate()
      try Self.append(text, to: descriptor, path)
      byteCount += off_t(text.utf8.count)
    } catch {
      // What was not synced is not decided, and must not be read as if it were.
      try? truncate()
      throw error
    }
  }

  /// Takes away what stands behind the last whole line.
  private func truncate() throws(StreamIOError) {
    guard ftruncate(descriptor.rawValue, byteCount) == 0 else {
      throw StreamIOError(
        path, .system(Errno(rawValue: errno), attempting: "write a decision"))
    }
  }

  private static func append(
    _ text: String, to descriptor: FileDescriptor, _ path: String
  ) throws(StreamIOError) {
    do {
      try descriptor.writeAll(text.utf8)
    } catch {
      throw StreamIOError(
        path, .system((error as? Errno) ?? .ioError, attempting: "write a decision"))
    }
    guard fdatasync(descriptor.rawValue) == 0 else {
      throw StreamIOError(
        path, .system(Errno(rawValue: errno), attempting: "sync a decision"))
    }
  }

  /// Opens a journal and locks it.
  private static func lock(
    _ path: String, _ flags: Int32
  ) throws(StreamIOError) -> FileDescriptor {
    let descriptor = try open(path, flags)
    guard flock(descriptor.rawValue, LOCK_EX | LOCK_NB) == 0 else {
      let code = Errno(rawValue: errno)
      try? descriptor.close()
      throw StreamIOError(path, .system(code, attempting: "lock"))
    }
    return descriptor
  }

  fileprivate static func open(
    _ path: String, _ flags: Int32
  ) throws(StreamIOError) -> FileDescriptor {
    let number = unsafe PathBytes(text: path).withCString {
      unsafe Glibc.open($0, flags | O_CLOEXEC, 0o600)
    }
    guard number >= 0 else {
      throw StreamIOError(path, .system(Errno(rawValue: errno), attempting: "open"))
    }
    return FileDescriptor(rawValue: number)
  }

  fileprivate static func sync(_ directory: String) throws(StreamIOError) {
    let descriptor = try open(directory, O_RDONLY | O_DIRECTORY)
    defer { try? descriptor.close() }
    guard fsync(descriptor.rawValue) == 0 else {
      throw StreamIOError(directory, .system(Errno(rawValue: errno), attempting: "sync"))
    }
  }

  private static func make(_ directory: String) throws(StreamIOError) {
    var path = directory.hasPrefix("/") ? "/" : ""
    for part in directory.split(separator: "/") {
      path += (path.isEmpty || path.hasSuffix("/") ? "" : "/") + part
      let status = unsafe PathBytes(text: path).withCString { unsafe mkdir($0, 0o700) }
      if status == 0 {
        // So that it is there after a crash, with what is in it.
        let parent = String(path.prefix(path.count - part.count))
        try sync(parent.isEmpty ? "." : parent)
      } else if errno != EEXIST, errno != EISDIR {
        throw StreamIOError(path, .system(Errno(rawValue: errno), attempting: "make the folder"))
      }
    }
  }
}

/// A folder of journals.
public struct JournalFolder: Sendable, Hashable {
  /// A journal, and how far it came.
  public struct Entry<Decision: JournalDecision>: Sendable, Hashable {
    /// The file.
    public let path: String
    /// Which handover it is of.
    public let handover: StreamUUID
    /// The last decision.
    public let decision: Decision
    /// Whether the process that writes it lives.
    public let isHeld: Bool
  }

  /// Where it is.
  public let path: String

  /// The folder at `path`, which need not be there.
  public init(_ path: String) { self.path = path }

  func path<Decision: JournalDecision>(
    of handover: StreamUUID, _ decision: Decision.Type
  ) -> String {
    "\(path)/\(handover).\(Decision.side)"
  }

  /// The journal of one side of a handover; nil if there is none.
  public func entry<Decision: JournalDecision>(
    of handover: StreamUUID, _ type: Decision.Type
  ) throws(StreamIOError) -> Entry<Decision>? {
    let path = path(of: handover, type)
    do throws(StreamIOError) {
      guard let last = try Self.decision(of: type, at: path) else { return nil }
      return Entry(
        path: path, handover: handover, decision: last.decision, isHeld: try Self.isHeld(path))
    } catch {
      if case .system(.noSuchFileOrDirectory, _) = error.cause { return nil }
      throw error
    }
  }

  /// The journals of one side that have not come to an end, by their names; one that cannot be read
  /// is in its place by the reason.
  public func unfinished<Decision: JournalDecision>(
    _ type: Decision.Type
  ) throws(StreamIOError) -> [Result<Entry<Decision>, StreamIOError>] {
    var result: [Result<Entry<Decision>, StreamIOError>] = []
    for handover in try handovers(with: type) {
      do throws(StreamIOError) {
        guard let entry = try entry(of: handover, type), !entry.decision.isEnd else { continue }
        result.append(.success(entry))
      } catch {
        result.append(.failure(error))
      }
    }
    return result
  }

  /// The handovers of which there are journals of one side, by their names.
  private func handovers<Decision: JournalDecision>(
    with _: Decision.Type
  ) throws(StreamIOError) -> [StreamUUID] {
    guard let folder = unsafe PathBytes(text: path).withCString({ unsafe opendir($0) }) else {
      if errno == ENOENT { return [] }
      throw StreamIOError(path, .system(Errno(rawValue: errno), attempting: "list"))
    }
    defer { unsafe closedir(folder) }
    var names: [String] = []
    while let item = unsafe readdir(folder) {
      // SAFETY: the name ends in a zero byte within its field.
      let name = unsafe withUnsafePointer(to: item.pointee.d_name) { pointer in
        unsafe pointer.withMemoryRebound(to: CChar.self, capacity: 256) {
          unsafe String(cString: $0)
        }
      }
      if name.hasSuffix(".\(Decision.side)") { names.append(name) }
    }
    return names.sorted().compactMap { StreamUUID(String($0.dropLast(Decision.side.count + 1))) }
  }

  /// Removes the oldest journals of targets that never came to be prepared, and whose process has
  /// gone, but for `count` of them.
  ///
  /// No source can have committed to one of those, so none asks for it; and whoever may connect can
  /// have as many begun as he likes.
  public func forgetUnprepared(keeping count: Int) throws(StreamIOError) {
    let all = try handovers(with: TargetDecision.self)
    guard all.count > count else { return }
    var found: [(path: String, time: timespec)] = []
    for handover in all {
      let path = path(of: handover, TargetDecision.self)
      var status = stat()
      // One that cannot be read is left for who looks into it.
      guard unsafe PathBytes(text: path).withCString({ unsafe stat($0, &status) }) == 0,
        let last = try? Self.decision(of: TargetDecision.self, at: path),
        last.decision == .begun || last.decision == .aborted && last.count == 2,
        (try? Self.isHeld(path)) == false
      else { continue }
      found.append((path, status.st_mtim))
    }
    found.sort { ($0.time.tv_sec, $0.time.tv_nsec) < ($1.time.tv_sec, $1.time.tv_nsec) }
    for journal in found.dropLast(count) {
      _ = unsafe PathBytes(text: journal.path).withCString { unsafe unlink($0) }
    }
  }

  // Beside the journal, for that has one writer.
  private func wordPath(_ handover: StreamUUID) -> String {
    "\(path)/\(handover).other-is-dead"
  }

  /// Leaves an operator's word that the target of a handover is dead, for the source in doubt,
  /// which lives.
  func sayOtherIsDead(_ handover: StreamUUID) throws(StreamIOError) {
    let descriptor = try Journal<SourceDecision>.open(wordPath(handover), O_WRONLY | O_CREAT)
    try? descriptor.close()
    try Journal<SourceDecision>.sync(path)
  }

  /// Whether an operator has left that word.
  func saysOtherIsDead(_ handover: StreamUUID) -> Bool {
    unsafe PathBytes(text: wordPath(handover)).withCString { unsafe access($0, F_OK) == 0 }
  }

  /// Takes the word away, which is of no use any more.
  func forgetWord(_ handover: StreamUUID) {
    _ = unsafe PathBytes(text: wordPath(handover)).withCString { unsafe unlink($0) }
  }

  /// Locks the folder for one who settles handovers; EAGAIN if another does. Unlocked when the
  /// descriptor is closed.
  func lock() throws(StreamIOError) -> FileDescriptor {
    let descriptor = try Journal<SourceDecision>.open(path, O_RDONLY | O_DIRECTORY)
    guard flock(descriptor.rawValue, LOCK_EX | LOCK_NB) == 0 else {
      let code = Errno(rawValue: errno)
      try? descriptor.close()
      throw StreamIOError(path, .system(code, attempting: "settle what another command settles"))
    }
    return descriptor
  }

  private static func isHeld(_ path: String) throws(StreamIOError) -> Bool {
    let descriptor = try Journal<SourceDecision>.open(path, O_RDONLY)
    defer { try? descriptor.close() }
    return flock(descriptor.rawValue, LOCK_EX | LOCK_NB) != 0
  }

  // Journals are a few lines.
  private static let byteLimit = 1 << 20

  /// The last decision in a file, how many there are, and the bytes up to its line's end; nil for
  /// none.
  ///
  /// What stands behind the last line's end was not synced. A line that cannot be read is an error:
  /// nobody knows what was decided.
  static func decision<Decision: JournalDecision>(
    of type: Decision.Type, at path: String
  ) throws(StreamIOError) -> (decision: Decision, count: Int, byteCount: Int)? {
    var status = stat()
    let found = unsafe PathBytes(text: path).withCString { unsafe stat($0, &status) }
    if found == 0, status.st_mode & S_IFMT != S_IFREG {
      throw StreamIOError(path, .content("expected a file, found something else"))
    }
    let bytes = try InputFile(path: path).contents(limit: byteLimit)
    var last: Decision?
    var lines = bytes.split(separator: 0x0a, omittingEmptySubsequences: false)
    let rest = lines.removeLast()
    for (index, line) in lines.enumerated() {
      let next = Self.decision(in: Array(line), type)
      guard let next, last.map({ $0.isFollowed(by: next) }) ?? (next == Decision.first) else {
        throw StreamIOError(
          path,
          .content(
            "line \(index + 1): expected a decision that follows "
              + "\(last.map(\.rawValue) ?? "nothing"), found \(next?.rawValue ?? "none")"))
      }
      last = next
    }
    return last.map { ($0, lines.count, bytes.count - rest.count) }
  }

  private static func decision<Decision: JournalDecision>(
    in line: [UInt8], _ type: Decision.Type
  ) -> Decision? {
    guard let entries = try? YAMLNode(parsing: line).entries(),
      let value = entries.first(where: { $0.key == "decision" })?.value
    else { return nil }
    return (try? value.string()).flatMap(Decision.init(rawValue:))
  }
}
