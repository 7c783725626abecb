private import ByteIO
public import Devices
public import SystemPackage

/// A kernel that answers from a trace: the device that was traced, as long as it is asked the same.
///
/// A call that is not the one recorded is answered with ENOTRECOVERABLE, and so is every call after
/// it; `divergence` says where and how it went another way.
public final class ReplayedKernel: KernelInterface {
  private let records: [TraceRecord]
  /// How many calls were answered.
  public private(set) var position = 0
  /// The first call that was not the recorded one.
  public private(set) var divergence: String?

  /// A kernel that gives the answers of `records`, in their order.
  public init(_ records: [TraceRecord]) { self.records = records }

  /// Whether every call of the trace was made, and none beside.
  public var isDone: Bool { divergence == nil && position == records.count }

  private static let diverged = LinuxErrno(rawValue: 131)

  private func diverge(_ expected: String, _ found: String) {
    divergence = divergence ?? "call \(position): expected \(expected), found \(found)"
  }

  /// The record of the next call, if it is this one.
  private func next(
    _ call: TraceRecord.Call, _ found: String, _ isSame: (TraceRecord) -> Bool
  ) throws(LinuxErrno) -> TraceRecord {
    guard divergence == nil else { throw Self.diverged }
    guard position < records.count else {
      diverge("no further call", found)
      throw Self.diverged
    }
    let record = records[position]
    guard record.call == call, isSame(record) else {
      diverge(record.summary, found)
      throw Self.diverged
    }
    position += 1
    return record
  }

  private func answer(_ record: TraceRecord) throws(LinuxErrno) -> TraceRecord {
    if let error = record.error { throw error }
    return record
  }

  public func open(_ path: String, _ access: FileAccess) throws(LinuxErrno) -> FileDescriptor {
    let record = try answer(
      next(.open, "open(\(path), \(access.rawValue))") {
        $0.path == path && $0.access == access
      })
    return FileDescriptor(rawValue: Int32(clamping: record.result))
  }

  public func close(_ descriptor: FileDescriptor) {
    _ = try? next(.close, "close(\(descriptor.rawValue))") {
      $0.descriptor == descriptor.rawValue
    }
  }

  public func read(
    _ descriptor: FileDescriptor, into span: inout MutableRawSpan, at offset: UInt64?
  ) throws(LinuxErrno) -> Int {
    let room = span.byteCount
    let call: TraceRecord.Call = offset == nil ? .read : .pread
    let record = try answer(
      next(call, "\(call.rawValue)(\(descriptor.rawValue), \(room) bytes)") {
        $0.descriptor == descriptor.rawValue && $0.offset == offset && $0.byteCount == room
      })
    let data = record.data ?? []
    guard data.count == record.result, data.count <= room else {
      diverge("\(record.result) bytes of data", "\(data.count): the trace does not keep more")
      throw Self.diverged
    }
    for (index, byte) in data.enumerated() { span.storeByte(byte, at: index) }
    return data.count
  }

  public func write(
    _ descriptor: FileDescriptor, _ bytes: RawSpan, at offset: UInt64?
  ) throws(LinuxErrno) -> Int {
    let call: TraceRecord.Call = offset == nil ? .write : .pwrite
    let given = [UInt8](bytes)
    let record = try answer(
      next(call, "\(call.rawValue)(\(descriptor.rawValue), \(given.count) bytes)") {
        $0.descriptor == descriptor.rawValue && $0.offset == offset
          && $0.byteCount == given.count && given.starts(with: $0.data ?? [])
      })
    guard (0...Int64(given.count)).contains(record.result) else { throw Self.diverged }
    return Int(record.result)
  }

  public func isReadable(_ descriptor: FileDescriptor) throws(LinuxErrno) -> Bool {
    try answer(
      next(.poll, "poll(\(descriptor.rawValue))") { $0.descriptor == descriptor.rawValue }
    ).result != 0
  }

  public func control(
    _ descriptor: FileDescriptor, _ request: IoctlRequest, _ argument: inout IoctlArgument
  ) throws(LinuxErrno) -> Int32 {
    let given = argument
    let record = try answer(
      next(.ioctl, "ioctl(\(descriptor.rawValue), \(request), \(hex(given.bytes)))") {
        $0.descriptor == descriptor.rawValue && $0.request == request && $0.argument == given
      })
    guard let result = record.answer, result.bytes.count == given.bytes.count,
      result.memory?.bytes.count == given.memory?.bytes.count
    else {
      diverge("an answer as long as the argument", "another")
      throw Self.diverged
    }
    argument = result
    return Int32(clamping: record.result)
  }

  public func link(at path: String) throws(LinuxErrno) -> String {
    try answer(next(.readlink, "readlink(\(path))") { $0.path == path }).names?.first ?? ""
  }

  public func entries(of path: String) throws(LinuxErrno) -> [String] {
    try answer(next(.readdir, "readdir(\(path))") { $0.path == path }).names ?? []
  }

  public func release() -> String {
    (try? next(.uname, "uname()") { _ in true })?.names?.first ?? "of an unknown release"
  }
}

extension MutableRawSpan {
  @_lifetime(self: copy self)
  fileprivate mutating func storeByte(_ byte: UInt8, at index: Int) {
    storeBytes(of: byte, toByteOffset: index, as: UInt8.self)
  }
}
