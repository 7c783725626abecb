import ByteIO
public import MigrationStream
public import StreamIO

/// The parts of a device of a stream, as files: a sink of the stream that has no use for the state
/// of other devices, and keeps nothing of those that `--device` cannot mean.
public struct PartFiles: RecordSink, ~Copyable {
  /// Where the parts go that are wanted.
  public struct Paths {
    /// The state as it is.
    public var state: String?
    /// The configuration space, as raw bytes.
    public var configuration: String?
    /// The PASID bindings.
    public var pasids: String?
    /// Writes the bindings down.
    public var pasidText: (PASIDTable) -> String

    /// Parts that go to these files; nil for one that is not wanted.
    public init(
      state: String?, configuration: String?, pasids: String?,
      pasidText: @escaping (PASIDTable) -> String
    ) {
      self.state = state
      self.configuration = configuration
      self.pasids = pasids
      self.pasidText = pasidText
    }
  }

  public typealias Failure = InputError

  /// Those of any stream.
  public var limits: StreamLimits { .unlimited }
  private let selector: DeviceSelector
  /// The stream's.
  private let path: String
  private let paths: Paths
  private var stateFile: OutputFile
  private var position: UInt64 = 0
  private var names: [String?] = []
  private var candidates: [UInt16: DeviceIntroduction] = [:]
  private var number: UInt16?

  /// The parts of the device that `selector` means in the stream `path`.
  public init(
    of selector: DeviceSelector, in path: String, to paths: Paths
  ) throws(InputError) {
    self.selector = selector
    self.path = path
    self.paths = paths
    stateFile = try InputError.reading(path) { () throws(StreamIOError) in
      try OutputFile(path: paths.state ?? "/dev/null")
    }
  }

  // MARK: A whole stream

  /// Takes over what is said of devices, all of whom are known when the first summary comes.
  public mutating func write(_ record: Record) throws(InputError) {
    switch record {
    case .summary, .end: _ = try resolve()
    default: add(record)
    }
  }

  /// That of the device, if it is wanted; that there is no such device shows at the first chunk.
  public func wantsState(of device: UInt16) -> Bool {
    number == nil || number == device && paths.state != nil
  }

  /// Takes the state of the device.
  public mutating func write(
    _ chunk: RawSpan, device: UInt16, context: StateChunk.Context
  ) throws(InputError) {
    guard try device == resolve(), paths.state != nil else { return }
    try add(chunk)
  }

  /// Puts the files in place, if there is all that is wanted.
  public consuming func finish() throws(InputError) {
    if let part = missingParts.first {
      throw InputError(
        path, .absent(expected: "a \(part) of device '\(selector)'", found: "none"))
    }
    try commit()
  }

  private mutating func add(_ chunk: RawSpan) throws(InputError) {
    do throws(StreamIOError) {
      try stateFile.write(chunk)
    } catch {
      throw InputError(path, .file(error))
    }
  }

  // MARK: What is intact of a damaged one

  /// Takes over what the stream says of a device before its state.
  private mutating func add(_ record: Record) {
    switch record {
    case .identity(let identity, let device):
      // A damaged stream may have lost the identities before this one.
      while names.count < Int(device) { names.append(nil) }
      guard names.count == Int(device) else { return }
      names.append(identity.name)
      // Of several with one name, the first is meant.
      if identity.name == selector.text, names.firstIndex(of: selector.text) == Int(device) {
        candidates[device] = DeviceIntroduction(number: device)
      }
      introduce(device, by: record)
    case .configuration(_, let device), .interrupts(_, let device), .pasids(_, let device):
      introduce(device, by: record)
    default: break
    }
  }

  private mutating func introduce(_ device: UInt16, by record: Record) {
    if "\(device)" == selector.text && candidates[device] == nil {
      candidates[device] = DeviceIntroduction(number: device)
    }
    switch record {
    case .configuration where paths.configuration == nil, .pasids where paths.pasids == nil,
      .interrupts:
      break
    default: _ = candidates[device]?.add(record)
    }
  }

  /// Takes the state from `offset` if the device is meant; what is missing before it becomes zeros.
  private mutating func write(
    _ chunk: RawSpan, of device: UInt16, at offset: UInt64
  ) throws(InputError) {
    if number == nil && selector.means(device, among: names) { number = device }
    guard number == device, paths.state != nil else { return }
    try skip(offset - position)
    try add(chunk)
    position = offset + UInt64(chunk.byteCount)
  }

  /// Takes what is intact of a damaged stream, and puts the files in place that there is anything
  /// for.
  ///
  /// State that is missing becomes zeros, up to the length that the device's summary has.
  ///
  /// - Returns: what is missing of the stream, the number of the device, and the parts besides the
  ///   state that are wanted and that there are none of.
  public consuming func finish(
    salvaging stream: consuming StreamSalvage
  ) throws(InputError) -> (report: SalvageReport, number: UInt16, missingParts: [String]) {
    while let record = try InputError.reading(
      path, { () throws(StreamIOError) in try stream.next() })
    {
      switch record.content {
      case .metadata(let value): add(value)
      case .chunk(let chunk):
        try write(stream.chunkBytes, of: chunk.device, at: chunk.stateOffset)
      }
    }
    let report = stream.report
    let number = try resolve(minimumCount: report.losses.count)
    let missingParts = missingParts
    let byteCount = report.catalog.devices[Int(number)].summary?.byteCount
    if paths.state != nil, let byteCount, byteCount > position {
      try skip(byteCount - position)
    }
    try commit()
    return (report, number, missingParts)
  }

  private mutating func skip(_ count: UInt64) throws(InputError) {
    do throws(StreamIOError) {
      try stateFile.skip(count)
    } catch {
      throw InputError(path, .file(error))
    }
  }

  /// The parts besides the state that are wanted, and that there are none of.
  private var missingParts: [String] {
    parts.filter { $0.path != nil && $0.bytes == nil }.map(\.name)
  }

  // MARK: The device

  /// Decides which device is meant, once all were introduced; of a damaged stream at least
  /// `minimumCount`.
  private mutating func resolve(minimumCount: Int = 0) throws(InputError) -> UInt16 {
    if let number { return number }
    while names.count < minimumCount { names.append(nil) }
    let number = try selector.number(among: names, in: path)
    self.number = number
    return number
  }

  private var parts: [(path: String?, name: String, bytes: [UInt8]?)] {
    let device = number.flatMap { candidates[$0] }
    let configuration = device?.configuration
    return [
      (
        paths.configuration, "configuration space",
        configuration?.physical ?? configuration?.synthesized
      ),
      (
        paths.pasids, "PASID table",
        // Its text may be many times as long.
        paths.pasids == nil ? nil : device?.pasids.map { [UInt8](paths.pasidText($0).utf8) }
      ),
    ]
  }

  /// Writes all parts before the first is put in its place, so that one that fails costs no other.
  private consuming func commit() throws(InputError) {
    let parts = parts
    do throws(StreamIOError) {
      let configuration = try Self.file(parts[0])
      let pasids = try Self.file(parts[1])
      try Self.finish(configuration)
      try Self.finish(pasids)
      try stateFile.finish()
    } catch {
      throw InputError(path, .file(error))
    }
  }

  private static func finish(_ file: consuming OutputFile?) throws(StreamIOError) {
    guard var file else { return }
    try file.finish()
  }

  private static func file(
    _ part: (path: String?, name: String, bytes: [UInt8]?)
  ) throws(StreamIOError) -> OutputFile? {
    guard let path = part.path, let bytes = part.bytes else { return nil }
    let output = try OutputFile(path: path)
    try output.write(bytes.span.raw)
    return output
  }
}
