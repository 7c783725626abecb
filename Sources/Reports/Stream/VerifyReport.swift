public import ByteIO
public import MigrationStream
public import StreamIO

/// Whether every byte of a stream is good (`ferry verify`); the JSON is
/// `schemas/verify.schema.json`.
///
/// It is a sink: a verifying source that is copied into it fills it in.
public struct VerifyReport: Report {
  /// What is known of a device.
  public struct Device: Sendable {
    /// The name that the stream has for it.
    public var name: String?
    /// The bytes of its state so far.
    public var stateByteCount: UInt64 = 0
    /// The chunks of its state so far.
    public var chunkCount: UInt64 = 0
    /// The bytes of its state in all channels, as its summary has it.
    public var summedByteCount: UInt64?
    /// The digest of its summary.
    public var digest: Digest?
    /// Whether the state has the digest of its summary, as far as the source held them against each
    /// other.
    public var isVerified = false
  }

  /// The stream's name, the title of the text.
  public let path: String
  /// The header; nil if there is none that can be read.
  public var header: StreamHeader?
  /// Whether the end record is there.
  public var isComplete = false
  /// The devices, by their numbers.
  public var devices: [Device] = []
  /// The first thing that is wrong.
  public var defect: StreamError?
  /// Whether the stream was read to its end; one of several channels is none.
  public var isWhole = false

  /// A report on a stream of which nothing was read.
  public init(path: String) { self.path = path }

  /// Reads a stream to its end, or to the first thing that is wrong with it.
  ///
  /// - Parameters:
  ///   - reader: a reader of the stream, from its start.
  ///   - path: the file, in which the end record is looked for if nothing is read up to it; `-` for
  ///     standard input, which is read once.
  ///   - limits: what may be spent on looking for it.
  ///   - progress: is told after each record at which byte of the stream the reader is.
  /// - Throws: the error of a file that cannot be read; what is wrong with its content is the
  ///   report's defect.
  public init(
    of reader: inout StreamReader, path: String, limits: DecodingLimits,
    progress: (UInt64) -> Void = { _ in }
  ) throws(StreamIOError) {
    self.init(path: path)
    do throws(StreamIOError) {
      try reader.copy(into: &self) { progress($0.offset) }
      isWhole = reader.header?.channelCount == 1
    } catch {
      guard case .stream(let cause) = error.cause else { throw error }
      defect = cause
    }
    for device in devices.indices where !reader.isVerified(device: UInt16(device)) {
      devices[device].isVerified = false
    }
    isComplete = reader.isContentComplete || defect != nil && Self.hasEnd(path, limits)
    header = reader.header
  }

  /// Whether the end record is in a damaged file, of which no more was read than its defect.
  private static func hasEnd(_ path: String, _ limits: DecodingLimits) -> Bool {
    guard path != "-", let input = try? InputFile(path: path), input.byteCount != nil,
      let archive = try? StreamArchive(input, limits: limits)
    else { return false }
    return (try? archive.catalog().isComplete) ?? false
  }

  private var stateByteCount: UInt64 { devices.reduce(0) { $0 &+ $1.stateByteCount } }

  /// Which channel a good one of several is; nil for a stream.
  public var channel: StreamHeader? {
    header.flatMap { $0.channelCount > 1 && defect == nil ? $0 : nil }
  }

  /// A line for a stream that is whole, or what is wrong with the other.
  public var text: String {
    let path = TerminalText.text(path)
    if let channel {
      let all = devices.reduce(0 as UInt64) { $0 &+ ($1.summedByteCount ?? 0) }
      return "\(path): channel \(channel.channel) of \(channel.channelCount), and good by itself; "
        + "the others have \(QuantityText.bytes(all &- stateByteCount)) of the "
        + "\(QuantityText.bytes(all)) of state"
    }
    guard isWhole else { return "\(path): \(defect.map { "\($0)" } ?? "not whole")" }
    let unverified = devices.indices.filter { !devices[$0].isVerified }.map(String.init)
    let digests =
      unverified.isEmpty
      ? "every digest matches"
      : "no digest that is known here for device \(unverified.joined(separator: ", "))"
    return "\(path): whole; \(QuantityText.count(devices.count, "device")), "
      + "\(QuantityText.bytes(stateByteCount)) of state, \(digests)"
  }

  /// Whether the stream is `ok`, and what each device has.
  public var json: JSONValue {
    [
      "format": header?.formatJSON, "channel": header?.channelJSON, "ok": .bool(isWhole),
      "complete": .bool(isComplete),
      "rawBytes": .number(stateByteCount),
      "devices": .array(
        devices.enumerated().map { number, device in
          [
            "index": .number(number), "name": device.name.map { .string($0) },
            "stateBytes": .number(device.stateByteCount), "chunks": .number(device.chunkCount),
            "digest": device.digest.map { .string("\($0)") },
            "verified": .bool(device.isVerified),
          ]
        }),
    ]
  }
}

extension VerifyReport: RecordSink {
  public typealias Failure = StreamIOError

  /// It takes whatever a stream has.
  public var limits: StreamLimits { .unlimited }

  /// Counts a record.
  public mutating func write(_ record: Record) {
    switch record {
    case .identity(let identity, _): devices.append(Device(name: identity.name))
    case .summary(let summary, let device):
      devices[Int(device)].digest = summary.digest
      devices[Int(device)].summedByteCount = summary.byteCount
      devices[Int(device)].isVerified =
        summary.digest.map { Digest.Algorithm.known.contains($0.algorithm) } ?? false
    default: break
    }
  }

  /// Counts a chunk, which the source has decoded.
  public mutating func write(_ chunk: RawSpan, device: UInt16, context: StateChunk.Context) {
    devices[Int(device)].stateByteCount += UInt64(chunk.byteCount)
    devices[Int(device)].chunkCount += 1
  }

  /// Does nothing: what is known is in the report.
  public func finish() {}
}
