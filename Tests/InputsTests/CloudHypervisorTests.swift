import ByteIO
import Inputs
import MigrationStream
import StreamIO
import TestSupport
import Testing

#if canImport(Glibc)
  import Glibc
#endif

/// VFIO devices of Cloud Hypervisor snapshots.
@Suite struct CloudHypervisorTests {
  private static let alphabet = Array(
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

  private static func base64(_ bytes: [UInt8]) -> String {
    var text: [UInt8] = []
    text.reserveCapacity((bytes.count + 2) / 3 * 4)
    let alphabet = alphabet
    var start = 0
    while start < bytes.count {
      let count = min(3, bytes.count - start)
      var bits = Int(bytes[start]) << 16
      if count > 1 { bits |= Int(bytes[start + 1]) << 8 }
      if count > 2 { bits |= Int(bytes[start + 2]) }
      text.append(alphabet[bits >> 18])
      text.append(alphabet[bits >> 12 & 63])
      text.append(count > 1 ? alphabet[bits >> 6 & 63] : UInt8(ascii: "="))
      text.append(count > 2 ? alphabet[bits & 63] : UInt8(ascii: "="))
      start += 3
    }
    return String(decoding: text, as: UTF8.self)
  }

  /// The `state.json` of a machine whose devices have these states, nil for none.
  private static func snapshot(_ states: [[UInt8]?]) -> String {
    let devices = states.enumerated().map { number, state in
      let migration = state.map { state in
        #","vfio_migration":{"snapshots":{},"snapshot_data":{"state":"{\"blob\":\""#
          + base64(state) + #"\"}"}}"#
      }
      return #""_vfio\#(number)":{"snapshots":{"vfio_common":{"snapshots":{"msix_config":{"#
        + #""snapshots":{},"snapshot_data":{"state":"{\"table_entries\":[{\"a\":1},{}],\"n\":-1.5}"}"#
        + #"}},"snapshot_data":{"state":"{\"msix_state\":null}"}}"# + (migration ?? "")
        + #"},"snapshot_data":null}"#
    }
    return
      #"{"snapshots":{"cpu-manager":{"snapshots":{},"snapshot_data":{"state":"{\"a\":\"\\\"\"}"}},"#
      + #""device-manager":{"snapshots":{"# + devices.joined(separator: ",")
      + #"},"snapshot_data":{"state":"{\"device_tree\":{\"_vfio0\":{\"pci_bdf\":\"0000:00:05.0\","#
      + #"\"resources\":[\"LegacyIrq\",{\"PciBar\":{\"index\":2,\"size\":4096}}]}}}"}}},"#
      + #""snapshot_data":null}"#
  }

  private static func withFile(_ bytes: [UInt8], _ body: (String) throws -> Void) throws {
    var template = Array("/tmp/ferry-snapshot-XXXXXX".utf8CString)
    let descriptor = mkstemp(&template)
    let path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    try #require(descriptor >= 0)
    close(descriptor)
    defer { unlink(path) }
    var file = try OutputFile(path: path)
    try file.write(bytes.span.raw)
    try file.finish()
    try body(path)
  }

  private static func state(
    _ snapshot: CloudHypervisorSnapshot, _ number: Int
  ) throws -> [UInt8] {
    let state = try snapshot.state(of: snapshot.devices[number])
    var buffer = ByteBuffer()
    try state.read(at: 0, count: Int(state.byteCount), into: &buffer)
    return [UInt8](buffer.bytes)
  }

  @Test(arguments: seeds(30))
  func statesComeOutAndGoIn(seed: UInt64) throws {
    var random = SplitMix64(seed: seed)
    let counts = [0, 1, 2, 3, 4, 100, 65_536 * 3, 300_001]
    let states = (0..<3).map { _ -> [UInt8]? in
      Int.random(in: 0...4, using: &random) == 0
        ? nil : random.bytes(counts.randomElement(using: &random) ?? 0)
    }
    let text = [UInt8](Self.snapshot(states).utf8)
    try Self.withFile(text) { path in
      let snapshot = try CloudHypervisorSnapshot(path)
      #expect(snapshot.devices.map(\.id) == ["_vfio0", "_vfio1", "_vfio2"])
      #expect(snapshot.devices.map(\.vectorCount) == [2, 2, 2])
      #expect(snapshot.devices[0].address == "0000:00:05.0")
      #expect(snapshot.devices[0].barByteCounts == [2: 4096])
      for (number, state) in states.enumerated() {
        guard let state else {
          #expect(throws: InputError.self) { try Self.state(snapshot, number) }
          continue
        }
        #expect(snapshot.devices[number].stateByteCount == UInt64(state.count))
        #expect(try Self.state(snapshot, number) == state)
        try Self.expectRecords(of: snapshot, number, state)
        // Anywhere in it.
        if state.count > 10 {
          let source = try snapshot.state(of: snapshot.devices[number])
          let start = Int.random(in: 0..<state.count, using: &random)
          let count = Int.random(in: 0...state.count - start, using: &random)
          var part = ByteBuffer()
          try source.read(at: UInt64(start), count: count, into: &part)
          #expect([UInt8](part.bytes) == Array(state[start..<start + count]))
        }
        // Another state changes nothing else.
        for other in [state, random.bytes(counts.randomElement(using: &random) ?? 0)] {
          var source = MemoryState(bytes: other)
          var sink = MemorySink()
          let copy = try CloudHypervisorReplacement(
            of: snapshot.devices[number], in: snapshot)
          try copy.write(&source, to: &sink)
          var expected = states
          expected[number] = other
          #expect(sink.isFinished)
          #expect(sink.bytes == [UInt8](Self.snapshot(expected).utf8))
        }
      }
    }
  }

  /// The device comes as the only one of a stream, in chunks of the limit.
  private static func expectRecords(
    of snapshot: CloudHypervisorSnapshot, _ number: Int, _ state: [UInt8]
  ) throws {
    let device = snapshot.devices[number]
    let information = StreamInformation(producer: "test")
    var records = try snapshot.records(
      of: device, information: information,
      limits: StreamLimits(chunkByteCount: 64 << 10, metadataByteCount: 1 << 20))
    #expect(try records.next() == .information(information))
    #expect(try records.next() == .identity(DeviceIdentity(name: device.id), device: 0))
    var found: [UInt8] = []
    while let record = try records.next() {
      guard case .chunk(let chunk) = record else {
        Issue.record("\(record)")
        continue
      }
      #expect(chunk.stateOffset == UInt64(found.count))
      #expect(chunk.context == StateChunk.Context(phase: .stopCopy))
      found += [UInt8](try records.chunkBytes())
      #expect(records.stateByteCount == UInt64(found.count))
      #expect(chunk.byteCount == 64 << 10 || found.count == state.count)
    }
    #expect(found == state)
  }

  @Test(arguments: seeds(150))
  func damageIsRefusedOrGivesBytes(seed: UInt64) throws {
    var random = SplitMix64(seed: seed)
    var text = [UInt8](Self.snapshot([random.bytes(50), nil, random.bytes(7)]).utf8)
    // Past the first key, so that it is still told as a snapshot.
    for _ in 0..<Int.random(in: 1...4, using: &random) {
      let place = Int.random(in: 14..<text.count, using: &random)
      switch Int.random(in: 0...2, using: &random) {
      case 0: text[place] = UInt8.random(in: 0x20...0x7e, using: &random)
      case 1: text.remove(at: place)
      default: text.insert(Array("\"\\{}[],:=".utf8).randomElement(using: &random) ?? 0, at: place)
      }
    }
    if Bool.random(using: &random) {
      text = Array(text.prefix(Int.random(in: 14...text.count, using: &random)))
    }
    try Self.withFile(text) { path in
      do {
        let snapshot = try CloudHypervisorSnapshot(path)
        for number in snapshot.devices.indices { _ = try Self.state(snapshot, number) }
      } catch let error as InputError {
        #expect("\(error)".hasPrefix(path))
      } catch let error as StreamIOError {
        #expect("\(error)".contains("offset "))
      }
    }
  }
}

/// State in memory, whose errors are those of files.
private struct MemoryState: ByteSource {
  let name = "state"
  var bytes: [UInt8]
  var byteCount: UInt64? { nil }

  mutating func read(into span: inout MutableRawSpan) throws(StreamIOError) -> Int {
    let piece = Array(bytes.prefix(span.byteCount))
    span.copy(piece.span.raw)
    bytes.removeFirst(piece.count)
    return piece.count
  }
}

/// A sink in memory, whose errors are those of files.
private struct MemorySink: ByteSink {
  let name = "copy"
  var bytes: [UInt8] = []
  var isFinished = false

  mutating func write(_ head: RawSpan, _ body: RawSpan) throws(StreamIOError) {
    bytes += [UInt8](head) + [UInt8](body)
  }

  mutating func finish() throws(StreamIOError) { isFinished = true }
}
