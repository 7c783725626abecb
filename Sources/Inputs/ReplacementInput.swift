public import MigrationStream
public import QEMUStream
public import StreamIO

/// A device of a `.dms` stream that shall stand in place of another.
public struct ReplacementInput: ~Copyable {
  /// The file of the stream.
  public let path: String
  /// What the stream carries of the device besides its state.
  public let device: CarriedDevice
  /// The bytes of its state from before the machine stopped.
  public let preCopyByteCount: UInt64
  /// The bytes of its state from after the machine stopped.
  public let stopCopyByteCount: UInt64
  /// The same state, any bytes of which can be read.
  public let content: DeviceState
  /// The offset in the file of each of the device's records before its state.
  public let recordOffsets: [RecordType: UInt64]
  /// The state from its start; whoever reads it to the end has had its digest checked.
  public var state: DeviceStateBytes<StreamReader>

  /// Reads the device that `F.dms#DEVICE` names, or the only one of `F.dms`, without its state.
  public init(_ name: String) throws(InputError) {
    let reference = try DeviceReference.named(name)
    let path = reference?.path ?? name
    let file = try InputFile.seekable(path, for: .stream)
    let archive = try StreamArchive(file: file.duplicate(path), path)
    let archived = try ArchivedState(of: StreamArchive(file: file, path), path)
    let catalog = archived.catalog
    if let defect = catalog.defect {
      throw InputError(path, .file(StreamIOError(path, .stream(defect))))
    }
    let names = catalog.devices.map(\.identity.name)
    let number = try reference?.selector.number(among: names, in: path) ?? 0
    guard reference != nil || names.count == 1 else {
      throw InputError(
        path,
        .absent(
          expected: "one device", found: "\(names.count); name one as \(path)#DEVICE"))
    }
    var device = CarriedDevice(number: number)
    do throws(StreamIOError) {
      var cursor = RecordCursor(in: archive)
      while let record = try cursor.next(in: archive) {
        if case .metadata(let value) = record.content { device.add(value) }
      }
    } catch {
      throw InputError(path, .file(error))
    }
    self.path = path
    self.device = device
    content = DeviceState(of: number, in: archived)
    recordOffsets = catalog.devices[Int(number)].recordOffsets
    let statistics = catalog.devices[Int(number)].state
    preCopyByteCount = statistics.share(of: .preCopy).byteCount
    stopCopyByteCount = statistics.share(of: .stopCopy).byteCount
    state = DeviceStateBytes(of: number, in: archive.reader(), name: path)
  }
}
