import ByteIO
import MigrationStream
public import StreamIO

/// A file that was opened and told by its first bytes, of which none is lost to its reader.
public struct RecognizedFile: ~Copyable {
  /// The file as the user named it.
  public let name: String
  /// What it is.
  public let kind: FileKind
  private let input: InputFile
  /// Its size; nil if that is not known, as of a pipe.
  var byteCount: UInt64? { input.byteCount }

  // A pipe may be of a device that runs: no more of it is waited for than tells most kinds.
  private static let pipePrefixByteCount = 128

  /// Opens the file at `name`, or takes standard input for `-`.
  ///
  /// - Throws: `InputError` with cause `kind` for the folder of a snapshot, else `file`.
  public init(_ name: String) throws(InputError) {
    let input = try Self.open(name)
    kind = try Self.kind(of: input, name)
    self.name = name
    self.input = input
  }

  private static func open(_ name: String) throws(InputError) -> InputFile {
    do throws(StreamIOError) {
      return try InputFile(path: name)
    } catch {
      guard case .system = error.cause, isSnapshotFolder(name) else {
        throw InputError(name, .file(error))
      }
      throw InputError(
        name, .kind(.cloudHypervisorFolder, expected: "a file", advice: "ferry inspect \(name)"))
    }
  }

  private static func kind(
    of file: borrowing InputFile, _ name: String
  ) throws(InputError) -> FileKind {
    do throws(StreamIOError) {
      let prefix = try file.prefix(FileKind.prefixByteCount, atLeast: pipePrefixByteCount)
      return FileKind(prefix: prefix, byteCount: file.byteCount)
    } catch {
      throw InputError(name, .file(error))
    }
  }

  /// Whether the folder at `path` is that of a Cloud Hypervisor snapshot.
  static func isSnapshotFolder(_ path: String) -> Bool {
    // A pipe in its place is not waited for.
    let name = path + "/state.json"
    guard PathBytes(text: name).kind == .regular, let state = try? InputFile(path: name) else {
      return false
    }
    return (try? kind(of: state, path)) == .cloudHypervisorState
  }

  /// The file, from its first byte.
  public consuming func file() -> InputFile { input }

  /// The file, from its first byte.
  ///
  /// - Throws: `InputError` with cause `kind` if it is something else than `use` takes.
  public consuming func file(for use: InputUse) throws(InputError) -> InputFile {
    guard use.takes(kind) else { throw error(for: use) }
    return input
  }

  /// The error of a file that is no `use`.
  public borrowing func error(for use: InputUse) -> InputError {
    InputError(name, kind, for: use, advice: advice(for: use))
  }

  // MARK: The way out

  /// Who takes the file; nil if nobody does.
  private borrowing func advice(for use: InputUse) -> String? {
    let path = ShellWord(name).text
    switch kind {
    case .migrationStream:
      return use == .qemuStream ? "ferry inspect \(path) shows it" : devices(path)
    case .qemuStream, .libvirtSaveImage:
      guard use == .stream else { return "ferry qemu inspect \(path) shows it" }
      return "ferry qemu extract \(path) -o OUT.dms takes its VFIO devices out"
    case .multifdChannel:
      return "ferry qemu inspect MAIN \(path) reads it with its main channel"
    case .qcow2: return snapshots(path)
    case .cloudHypervisorState, .cloudHypervisorFolder:
      guard use == .stream else { return "ferry inspect \(path) shows it" }
      return "ferry extract \(path) --device ID -o OUT.dms takes a VFIO device out"
    case .compressed(let format): return "\(format.rawValue) -dc \(path) unpacks it"
    case .archive(let format):
      let program = format == .tar ? "tar -xf" : "unzip"
      return "\(program) \(path) unpacks it"
    case .lspciText, .hexDump, .configurationSpace, .rawSpace:
      return "ferry pci show \(path) shows it"
    case .qemuLog: return "ferry qemu explain \(path) reads it"
    case .trace: return "ferry trace show \(path) prints it"
    case .profile: return "ferry pci explain \(path) shows it"
    case .deviceState: return "ferry dissect \(path) shows it"
    case .text where use == .trace:
      return "ferry pci show \(path) reads a log with QEMU's trace of a configuration space"
    case .empty, .yaml, .json, .elf, .text, .bytes: return nil
    }
  }

  private borrowing func devices(_ path: String) -> String {
    guard input.byteCount != nil, let copy = try? InputFile(path: name),
      let catalog = try? StreamArchive(copy, limits: .randomAccess).catalog(),
      !catalog.devices.isEmpty
    else { return "its devices are \(path)#0 and so on" }
    let shown = catalog.devices.prefix(8).enumerated().map { number, device in
      "\(path)#\(number)" + (device.identity.name.map { " (\($0))" } ?? "")
    }
    let more = catalog.devices.count > shown.count ? " … (\(catalog.devices.count) in all)" : ""
    return "its devices: \(shown.joined(separator: ", "))\(more)"
  }

  private borrowing func snapshots(_ path: String) -> String {
    let way = "loading one in QEMU and migrating to a file gives a stream"
    guard let snapshots = try? QCOW2Snapshots(of: input) else {
      return "qemu-img snapshot -l \(path) lists its snapshots; \(way)"
    }
    guard !snapshots.names.isEmpty else { return "it has no snapshots" }
    let names = snapshots.names.map { "'\($0)'" }.joined(separator: ", ")
    let more = snapshots.count > snapshots.names.count ? " … (\(snapshots.count) in all)" : ""
    return "its snapshots: \(names)\(more); \(way)"
  }
}

/// A file's name as a shell takes it.
struct ShellWord {
  let text: String

  init(_ name: String) {
    let isPlain = name.utf8.allSatisfy { byte in
      switch byte {
      case 0x30...0x39, 0x41...0x5a, 0x61...0x7a, 0x80...: true
      default: "-_./:,+@%=".utf8.contains(byte)
      }
    }
    text = isPlain && !name.isEmpty ? name : "'" + name.replacing("'") { "'\\''" } + "'"
  }
}

extension String {
  fileprivate func replacing(_ character: Character, _ text: () -> String) -> String {
    split(separator: character, omittingEmptySubsequences: false).joined(separator: text())
  }
}
