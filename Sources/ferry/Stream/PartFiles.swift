import ByteIO
import Inputs
import Migration
import MigrationStream
import StreamIO

/// The parts of a device of a stream, as files: a sink of the stream that has no use for the state
/// of other devices, and keeps nothing of those that `--device` cannot mean.
struct PartFiles: RecordSink, ~Copyable {
  /// Where the parts go that are wanted.
  struct Paths {
    var state: String?
    var configuration: String?
    var pasids: String?
  }

  typealias Failure = any Error

  let limits = StreamLimits.unlimited
  private let selector: DeviceSelector
  /// The stream's.
  private let path: String
  private let paths: Paths
  private var stateFile: OutputFile
  private var position: UInt64 = 0
  private var names: [String?] = []
  private var candidates: [UInt16: DeviceIntroduction] = [:]
  private var number: UInt16?

  init(of selector: DeviceSelector, in path: String, to paths: Paths) throws {
    self.selector = selector
    self.path = path
    self.paths = paths
    stateFile = try OutputFile(path: paths.state ?? "/dev/null")
  }

  // MARK: A whole stream

  mutating func write(_ record: Record) throws {
    switch record {
    case .summary, .end: _ = try resolve()
    default: add(record)
    }
  }

  // That there is no such device shows at the first chunk of any.
  func wantsState(of device: UInt16) -> Bool {
    number == nil || number == device && paths.state != nil
  }

  mutating func write(_ chunk: RawSpan, device: UInt16, context: StateChunk.Context) throws {
    guard try device == resolve(), paths.state != nil else { return }
    try stateFile.write(chunk)
  }

  consuming func finish() throws {
    for part in parts where part.path != nil && part.bytes == nil {
      throw CommandError.no(
        "\(path): expected a \(part.name) of device '\(selector)', found none")
    }
    try commit()
  }

  // MARK: What is intact of a damaged one

  /// Takes over what the stream says of a device before its state.
  mutating func add(_ record: Record) {
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
  mutating func write(_ chunk: RawSpan, of device: UInt16, at offset: UInt64) throws {
    if number == nil && selector.means(device, among: names) { number = device }
    guard number == device, paths.state != nil else { return }
    try stateFile.skip(offset - position)
    try stateFile.write(chunk)
    position = offset + UInt64(chunk.byteCount)
  }

  /// Puts the files in place that there is anything for; the state is so long unless its end is not
  /// known.
  consuming func finish(stateByteCount: UInt64?) throws {
    if paths.state != nil, let stateByteCount, stateByteCount > position {
      try stateFile.skip(stateByteCount - position)
    }
    for part in parts where part.path != nil && part.bytes == nil {
      StandardError.print("ferry: \(path): no intact \(part.name) of device '\(selector)'")
    }
    try commit()
  }

  // MARK: The device

  /// Decides which device is meant, once all were introduced; of a damaged stream at least
  /// `minimumCount`.
  mutating func resolve(minimumCount: Int = 0) throws -> UInt16 {
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
        paths.pasids == nil ? nil : device?.pasids.map { [UInt8]($0.yaml.utf8) }
      ),
    ]
  }

  private consuming func commit() throws {
    for part in parts {
      guard let path = part.path, let bytes = part.bytes else { continue }
      var output = try OutputFile(path: path)
      try output.write(bytes.span.raw)
      try output.finish()
    }
    try stateFile.finish()
  }
}
