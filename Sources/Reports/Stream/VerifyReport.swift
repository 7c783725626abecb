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
  /// Whether the stream was read to its end.
  public var isWhole = false

  /// A report on a stream of which nothing was read.
  public init(path: String) { self.path = path }

  private var stateByteCount: UInt64 { devices.reduce(0) { $0 &+ $1.stateByteCount } }

  /// A line for a stream that is whole, or what is wrong with the other.
  public var text: String {
    let path = TerminalText.text(path)
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
      "format": header?.formatJSON, "ok": .bool(isWhole), "complete": .bool(isComplete),
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
