import MigrationStream
import StreamIO

/// What `ferry verify --json` prints; the shape is `schemas/verify.schema.json`.
struct VerifyReport: Encodable {
  struct Device: Encodable {
    var index: Int
    var name: String?
    var stateBytes: UInt64
    var chunks: UInt64
    var digest: String?
    /// Whether the state has the digest of its summary, as far as the source held them against each
    /// other.
    var verified: Bool
  }

  struct Defect: Encodable {
    var offset: UInt64
    var record: UInt32?
    var device: UInt16?
    var expected: String
    var found: String

    init(_ error: StreamError) {
      offset = error.offset
      record = error.record
      device = error.device
      expected = error.expected
      found = error.found
    }
  }

  var format: InspectReport.Format?
  var ok = false
  var complete = false
  var rawBytes: UInt64 = 0
  var devices: [Device] = []
  var error: Defect?

  /// One line for a person.
  func text(_ path: String) -> String {
    let unverified = devices.filter { !$0.verified }.map(\.index)
    let digests =
      unverified.isEmpty
      ? "every digest matches"
      : "no digest that is known here for device \(unverified.map(String.init).joined(separator: ", "))"
    return "\(path): whole; \(Printable.count(devices.count, "device")), "
      + "\(ByteSize.text(rawBytes)) of state, \(digests)"
  }
}

extension VerifyReport: RecordSink {
  typealias Failure = StreamIOError

  var limits: StreamLimits { .unlimited }

  mutating func write(_ record: Record) {
    switch record {
    case .identity(let identity, _):
      devices.append(
        Device(
          index: devices.count, name: identity.name, stateBytes: 0, chunks: 0, digest: nil,
          verified: false))
    case .summary(let summary, let device):
      devices[Int(device)].digest = summary.digest.map { "\($0)" }
      devices[Int(device)].verified = summary.digest?.algorithm == .xxh3
    default: break
    }
  }

  mutating func write(_ chunk: RawSpan, device: UInt16, context: StateChunk.Context) {
    devices[Int(device)].stateBytes += UInt64(chunk.byteCount)
    devices[Int(device)].chunks += 1
    rawBytes += UInt64(chunk.byteCount)
  }

  func finish() {}
}
