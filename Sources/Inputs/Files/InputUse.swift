import MigrationStream
public import StreamIO

/// What a file is opened for, so that the error of one that is something else says what it is, and
/// which command takes it.
public enum InputUse: Sendable, Hashable {
  /// A `.dms` stream.
  case stream
  /// A QEMU migration, in whatever holds it.
  case qemuStream
  /// Device state as a driver handed it out.
  case state
  /// Configuration spaces: raw bytes or a dump.
  case space
  /// The state of a Cloud Hypervisor snapshot.
  case snapshot
  /// A trace of what a device was asked.
  case trace
  /// A log with messages of QEMU's.
  case log
  /// Text of Ferry's own: a profile, facts, a table. The text says which, with its article.
  case document(String)

  /// Whether a file of this kind may be what is wanted.
  ///
  /// Bytes of no known kind may be a stream whose front is damaged, or state; of text only its
  /// reader can say whether there is in it what is wanted.
  func takes(_ kind: FileKind) -> Bool {
    switch self {
    case .stream: kind == .migrationStream || kind == .bytes || kind == .empty
    case .qemuStream: kind == .qemuStream || kind == .multifdChannel
    case .state:
      switch kind {
      case .deviceState, .rawSpace, .bytes, .empty: true
      default: false
      }
    case .space: kind.isText || kind == .configurationSpace || kind == .rawSpace
    case .snapshot: kind == .cloudHypervisorState || kind == .bytes || kind == .empty
    case .trace: kind == .trace || kind == .json || kind == .empty
    case .log: kind.isText
    case .document:
      switch kind {
      case .profile, .yaml, .json, .text, .bytes, .empty: true
      default: false
      }
    }
  }

  /// What is wanted, with its article.
  var noun: String {
    switch self {
    case .stream: "a .dms stream"
    case .qemuStream: "a QEMU migration stream"
    case .state: "device state"
    case .space: "configuration space of 64, 256 or 4096 bytes, or a dump of it"
    case .snapshot: "the state of a Cloud Hypervisor snapshot"
    case .trace: "a trace"
    case .log: "a message 'get_pci_config_device: Bad config data: i=0x… read: …'"
    case .document(let what): what
    }
  }
}

extension InputFile {
  /// Opens the file at `name`, or takes standard input for `-`, unless its first bytes say that it
  /// is something else than `use` takes.
  ///
  /// - Throws: `InputError` with cause `kind`, which names who takes such a file; or `file`.
  public init(_ name: String, for use: InputUse) throws(InputError) {
    self = try RecognizedFile(name).file(for: use)
  }

  /// The same as a file that can be read at any offset; a pipe is copied into one without a name.
  static func seekable(_ name: String, for use: InputUse) throws(InputError) -> InputFile {
    try InputFile(name, for: use).seekable(name)
  }

  /// A file that can be read at any offset, as one that the user calls `name`.
  consuming func seekable(_ name: String) throws(InputError) -> InputFile {
    do throws(StreamIOError) {
      return try self.seekable()
    } catch {
      throw InputError(name, .file(error))
    }
  }

  /// All bytes of a small file that the user calls `name`.
  consuming func contents(limit: Int, of name: String) throws(InputError) -> [UInt8] {
    do throws(StreamIOError) {
      return try contents(limit: limit)
    } catch {
      throw InputError(name, .file(error))
    }
  }
}

extension InputFile {
  /// The same file once more, as one that the user calls `name`.
  borrowing func duplicate(_ name: String) throws(InputError) -> InputFile {
    do throws(StreamIOError) {
      return try duplicate()
    } catch {
      throw InputError(name, .file(error))
    }
  }
}

extension StreamArchive {
  /// The stream in the file `path`, to be read at random.
  static func open(_ path: String) throws(InputError) -> StreamArchive {
    try StreamArchive(file: InputFile.seekable(path, for: .stream), path)
  }

  /// The stream in a file that the user calls `path`, to be read at random.
  init(file: consuming InputFile, _ path: String) throws(InputError) {
    do throws(StreamIOError) {
      try self.init(file, limits: .randomAccess)
    } catch {
      throw InputError(path, .file(error))
    }
  }
}

extension ArchivedState {
  /// The states of a stream in a file that the user calls `path`.
  convenience init(of archive: consuming StreamArchive, _ path: String) throws(InputError) {
    do throws(StreamIOError) {
      try self.init(archive)
    } catch {
      throw InputError(path, .file(error))
    }
  }
}
