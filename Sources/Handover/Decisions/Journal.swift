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
  // A write that failed may have left half a line.
  private var isLineOpen = false

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
    let last: Decision?
    do throws(StreamIOError) {
      last = try JournalFolder.decision(of: Decision.self, at: path)
    } catch {
      try? descriptor.close()
      throw error
    }
    self.init(descriptor, path, handover, last ?? Decision.first)
    // Whoever wrote it may have ended in a line.
    isLineOpen = true
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

  /// Writes a decision down; from its return on it may be acted on.
  ///
  /// One that cannot follow is a fault of the caller.
  public mutating func append(
    _ next: Decision, why: String? = nil
  ) throws(StreamIOError) {
    precondition(decision.isFollowed(by: next), "\(next) does not follow \(decision)")
    try write(next, ["why": why.map { .string($0) }])
    decision = next
  }

  /// The last decision in the file, where an operator may have added one.
  public func newest() throws(StreamIOError) -> Decision? {
    try JournalFolder.decision(of: Decision.self, at: path)
  }

  /// Takes over a decision that an operator has added.
  public mutating func follow(_ added: Decision) {
    if decision.isFollowed(by: added) { decision = added }
  }

  private mutating func write(
    _ decision: Decision, _ facts: JSONValue
  ) throws(StreamIOError) {
    let line: JSONValue = [
      "decision": .string(decision.rawValue), "time": .number(time(nil)),
    ]
    let text = (isLineOpen ? "\n" : "") + line.merged(with: facts).line + "\n"
    let end = lseek(descriptor.rawValue, 0, SEEK_END)
    do throws(StreamIOError) {
      try Self.append(text, to: descriptor, path)
      isLineOpen = false
    } catch {
      // What was not synced is not decided, and must not be read as if it were.
      isLineOpen = end < 0 || ftruncate(descriptor.rawValue, end) != 0
      throw error
    }
  }

  fileprivate static func append(
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

  private static func sync(_ directory: String) throws(StreamIOError) {
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
      guard status == 0 || errno == EEXIST || errno == EISDIR else {
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
      guard let decision = try Self.decision(of: type, at: path) else { return nil }
      return Entry(
        path: path, handover: handover, decision: decision, isHeld: try Self.isHeld(path))
    } catch {
      if case .system(.noSuchFileOrDirectory, _) = error.cause { return nil }
      throw error
    }
  }

  /// The journals of one side that have not come to an end, by their names.
  public func unfinished<Decision: JournalDecision>(
    _ type: Decision.Type
  ) throws(StreamIOError) -> [Entry<Decision>] {
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
    var result: [Entry<Decision>] = []
    for name in names.sorted() {
      guard let handover = StreamUUID(String(name.dropLast(Decision.side.count + 1))),
        let entry = try entry(of: handover, type), !entry.decision.isEnd
      else { continue }
      result.append(entry)
    }
    return result
  }

  /// Adds a decision to a journal that a living process may hold, which sees it there.
  public static func add<Decision: JournalDecision>(
    _ decision: Decision, to entry: Entry<Decision>, why: String
  ) throws(StreamIOError) {
    let descriptor = try Journal<Decision>.open(entry.path, O_WRONLY | O_APPEND)
    defer { try? descriptor.close() }
    let line: JSONValue = [
      "decision": .string(decision.rawValue), "time": .number(time(nil)), "why": .string(why),
    ]
    try Journal<Decision>.append("\n\(line.line)\n", to: descriptor, entry.path)
  }

  private static func isHeld(_ path: String) throws(StreamIOError) -> Bool {
    let descriptor = try Journal<SourceDecision>.open(path, O_RDONLY)
    defer { try? descriptor.close() }
    return flock(descriptor.rawValue, LOCK_EX | LOCK_NB) != 0
  }

  // Journals are a few lines.
  private static let byteLimit = 1 << 20

  /// The last decision in a file that follows from the first; nil for none.
  static func decision<Decision: JournalDecision>(
    of type: Decision.Type, at path: String
  ) throws(StreamIOError) -> Decision? {
    let bytes = try InputFile(path: path).contents(limit: byteLimit)
    var last: Decision?
    var lines = bytes.split(separator: 0x0a, omittingEmptySubsequences: false)
    // What stands behind the last line's end was not synced.
    lines.removeLast()
    for (index, line) in lines.enumerated() where !line.isEmpty {
      guard let next = Self.decision(in: Array(line), type) else {
        // Half a line that a full disk or a crash has left, with a whole one behind it.
        continue
      }
      guard last.map({ $0.isFollowed(by: next) }) ?? (next == Decision.first) else {
        throw StreamIOError(
          path,
          .content(
            "line \(index + 1): expected a decision that follows "
              + "\(last.map(\.rawValue) ?? "nothing"), found \(next.rawValue)"))
      }
      last = next
    }
    return last
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
