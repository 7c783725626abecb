public import ByteIO
public import Devices
public import MigrationStream
public import PCIConfig
public import QEMUStream
public import StateLayout
public import StreamIO
import SystemPackage
public import YAMLReader

/// The parts of an error that programs branch on; a part that an error has not is nil.
public struct ErrorDetail: Sendable, Hashable {
  /// The kind of problem in one word, such as `torn`; the words of a kind of error are those of its
  /// type's codes.
  public var code: String
  /// The file concerned, as the user named it.
  public var file: String?
  /// The byte concerned, counted from the start of the file.
  public var offset: UInt64?
  /// The record concerned, counted from 0.
  public var record: UInt32?
  /// The device concerned, as the stream numbers them.
  public var device: UInt16?
  /// The line of a text, counted from 1.
  public var line: Int?
  /// The column of a text, counted from 1.
  public var column: Int?
  /// The errno of a driver or of the system, such as `EIO`.
  public var errno: String?
  /// What a good input would have.
  public var expected: String?
  /// What there is.
  public var found: String?

  /// An error of this kind.
  public init(_ code: String, file: String? = nil) {
    self.code = code
    self.file = file
  }

  /// An error about the stream `file`.
  public init(_ error: StreamError, file: String?) {
    self.init("\(error.code)", file: file)
    offset = error.offset
    record = error.record
    device = error.device
    expected = error.expected
    found = error.found
  }

  /// An error about a file.
  public init(_ error: StreamIOError) {
    switch error.cause {
    case .stream(let cause): self.init(cause, file: error.path)
    case .system(let cause, _):
      self.init("system", file: error.path)
      errno = LinuxErrno(rawValue: cause.rawValue).symbol
    case .content: self.init("content", file: error.path)
    }
  }

  /// An error about the QEMU stream `file`.
  public init(_ error: QEMUStreamError, file: String?) {
    self.init("\(error.code)", file: file)
    // These two have no place.
    if error.code != .noMainChannel, error.code != .irreplaceable { offset = error.offset }
    expected = error.expected
    found = error.found
  }

  /// An error about the configuration spaces of `file`.
  public init(_ error: PCIConfigError, file: String?) {
    self.init("\(error.code)", file: file)
    switch error.place {
    case .whole: break
    case .text(let line, let column): (self.line, self.column) = (line, column)
    case .offset(let offset): self.offset = UInt64(offset)
    }
  }

  /// An error about the YAML text `file`.
  public init(_ error: YAMLError, file: String?) {
    self.init("\(error.code)", file: file)
    (line, column) = (error.mark.line, error.mark.column)
  }

  /// An error about the layout `file`.
  public init(_ error: LayoutError, file: String?) {
    self.init("\(error.code)", file: file)
    if case .text(let mark) = error.place { (line, column) = (mark.line, mark.column) }
  }

  /// A refusal of the device with this number, if it is one of a stream's.
  public init(_ error: DeviceError, device: UInt16? = nil) {
    self.init("device")
    self.device = device
    errno = error.errno.symbol
  }

  /// An object of the parts that there are, with the error in words.
  public func json(message: String) -> JSONValue {
    [
      "code": .string(code), "message": .string(message), "file": file.map { .string($0) },
      "offset": offset.map { .number($0) }, "record": record.map { .number($0) },
      "device": device.map { .number($0) }, "line": line.map { .number($0) },
      "column": column.map { .number($0) }, "errno": errno.map { .string($0) },
      "expected": expected.map { .string($0) }, "found": found.map { .string($0) },
    ]
  }
}
