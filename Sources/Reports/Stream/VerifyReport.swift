import MigrationStream

/// What `ferry verify --json` prints; the shape is `schemas/verify.schema.json`.
struct VerifyReport: Encodable {
  struct Device: Encodable {
    var index: Int
    var name: String?
    var stateBytes: UInt64
    var chunks: UInt64
    var digest: String?
    /// Whether the state has the digest of its summary.
    var verified: Bool
  }

  struct Failure: Encodable {
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
  var error: Failure?

  /// Takes note of a record; `isVerified` tells of a summary whether every chunk before it was decoded.
  mutating func note(_ record: Record, isVerified: Bool) {
    switch record {
    case .identity(let identity, _):
      devices.append(
        Device(
          index: devices.count, name: identity.name, stateBytes: 0, chunks: 0, digest: nil,
          verified: false))
    case .chunk(let chunk):
      devices[Int(chunk.device)].stateBytes += UInt64(chunk.byteCount)
      devices[Int(chunk.device)].chunks += 1
      rawBytes += UInt64(chunk.byteCount)
    case .summary(let summary, let device):
      devices[Int(device)].digest = summary.digest.map { "\($0)" }
      devices[Int(device)].verified = isVerified && summary.digest?.algorithm == .xxh3
    default: break
    }
  }

  /// One line for a person.
  func text(_ path: String) -> String {
    let unverified = devices.filter { !$0.verified }.map(\.index)
    let digests =
      unverified.isEmpty
      ? "every digest matches"
      : "no digest that is known here for device \(unverified.map(String.init).joined(separator: ", "))"
    return "\(path): whole; \(QuantityText.count(devices.count, "device")), "
      + "\(QuantityText.bytes(rawBytes)) of state, \(digests)"
  }
}
