import ByteIO
import MigrationStream
public import StateLayout
public import StreamIO

/// Device state to look into: a file of it, or a device of a stream (`F.dms#DEVICE`) or of a Cloud
/// Hypervisor snapshot (`state.json#DEVICE`).
public struct StateInput {
  /// The file or `F.dms#DEVICE`, as the user named it.
  public let name: String
  /// The bytes of the state.
  public let source: any StateInputSource
  /// A device of a stream.
  public struct Stream {
    /// The states of the stream.
    public let state: ArchivedState
    /// The device's number.
    public let device: UInt16
  }

  /// The device of a stream whose state it is; nil for any other.
  public let stream: Stream?
  /// The kernel driver that handed it out, if a stream says so.
  public let driver: String?

  /// Opens what `name` stands for; a pipe is copied into a file without a name.
  ///
  /// All state of a stream's device is read, and held against the digest of its summary.
  ///
  /// - Parameters:
  ///   - name: the file or `F.dms#DEVICE`, as the user named it.
  ///   - isAnyKind: whether a file is taken for state whatever its content looks like; else it must
  ///     be a stream, whose own layout is known, or be of no kind that is known.
  public init(_ name: String, isAnyKind: Bool = false) throws(InputError) {
    guard let reference = try DeviceReference.named(name) else {
      let recognized = try RecognizedFile(name)
      let isTaken = isAnyKind || recognized.kind == .migrationStream
      try self.init(isTaken ? recognized.file() : recognized.file(for: .state), name)
      return
    }
    try self.init(reference, name)
  }

  /// The state that is a file's whole content.
  init(_ file: consuming InputFile, _ name: String) throws(InputError) {
    self.name = name
    source = FileState(try file.seekable(name))
    driver = nil
    stream = nil
  }

  /// The state of a device, which the user called `name`.
  init(_ reference: DeviceReference, _ name: String) throws(InputError) {
    self.name = name
    let path = reference.path
    let isFolder = CloudHypervisorSnapshot.isFolder(path)
    let recognized = try RecognizedFile(isFolder ? path + "/state.json" : path)
    if recognized.kind == .cloudHypervisorState {
      let snapshot = try CloudHypervisorSnapshot(recognized)
      source = try snapshot.state(of: snapshot.device(reference.selector))
      driver = nil
      stream = nil
      return
    }
    let file = try recognized.file(for: .stream).seekable(path)
    let state = try ArchivedState(of: StreamArchive(file: file, path), path)
    let catalog = state.catalog
    if let defect = catalog.defect {
      throw InputError(path, .file(StreamIOError(path, .stream(defect))))
    }
    let number = try reference.selector.number(
      among: catalog.devices.map(\.identity.name), in: path)
    do throws(StreamIOError) {
      try state.verify(device: number)
    } catch {
      throw InputError(path, .file(error))
    }
    source = DeviceState(of: number, in: state)
    driver = catalog.devices[Int(number)].identity.driver
    stream = Stream(state: state, device: number)
  }

  /// All bytes of the state.
  ///
  /// - Throws: `InputError` with cause `unsuitable` if there are more than `limit`.
  public func bytes(limit: Int) throws(InputError) -> [UInt8] {
    guard source.byteCount <= UInt64(limit) else {
      throw InputError(
        name,
        .unsuitable(
          expected: "at most \(limit) bytes of state", found: "\(source.byteCount)"))
    }
    var buffer = ByteBuffer()
    do throws(StreamIOError) {
      try source.read(at: 0, count: Int(source.byteCount), into: &buffer)
    } catch {
      throw InputError(name, .file(error))
    }
    return [UInt8](buffer.bytes)
  }

  /// What the state may be.
  public func detection() throws(StreamIOError) -> LayoutDetection {
    try Layout.detect(source, driver: driver)
  }
}
