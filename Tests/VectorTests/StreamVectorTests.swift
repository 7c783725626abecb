import ByteIO
import MigrationStream
import StreamIO
import TestSupport
import Testing
import YAMLReader

@Suite struct StreamVectorTests {
  @Test(arguments: Vector.all("streams", "decode"))
  func streamsAreDecoded(vector: Vector) throws {
    let bytes = try vector.node.changed(vector.node.value("stream").string())
    let result = try vector.node.value("result")
    let devices = try result.value("devices").items().enumerated().map {
      try DeviceIntroduction($1, number: UInt16($0))
    }
    for step in [max(bytes.count, 1), 100] {
      var reading = Reading()
      let error = reading.read(bytes, step)
      #expect(error.map(FoundError.init) == (try result.member("error").map(FoundError.init)))
      #expect(reading.records == (try result.value("records").items().map(FoundRecord.init)))
      #expect(reading.introductions == devices)
      let states = try result.value("states").items()
      #expect(reading.states.count == states.count)
      for (found, expected) in zip(reading.states, states) {
        #expect(found.count == (try expected.value("size").integer()))
        #expect(fnv1a(found) == (try expected.text("fnv1a")))
        if let bytes = try expected.member("bytes")?.hexadecimal() { #expect(found == bytes) }
      }
    }
  }

  @Test(arguments: Vector.all("streams", "encode"))
  func streamsAreEncoded(vector: Vector) throws {
    // The refusals of arguments are C's: its types allow what Swift's do not.
    if let code: Int = try vector.node.member("error")?.number("code"), code < 32 { return }
    try vector.check {
      var bytes = try Self.encoded(vector.node)
      let result = try vector.node.value("result")
      for range in try result.value("random").items() {
        let numbers: [Int] = try range.numbers()
        for index in numbers[0]..<numbers[0] + numbers[1] { bytes[index] = 0 }
      }
      #expect(bytes.count == (try result.value("size").integer()))
      if let expected = try result.member("bytes")?.hexadecimal() {
        #expect(bytes == expected)
      } else {
        #expect(fnv1a(bytes) == (try result.text("fnv1a")))
      }
    } _: {
      ($0 as? StreamError).map(FoundError.init)
    }
  }

  @Test(arguments: Vector.all("streams", "salvage"))
  func streamsAreSalvaged(vector: Vector) throws {
    let bytes = try vector.node.changed(vector.node.value("stream").string())
    try vector.check {
      var salvage = try StreamSalvage(MemoryBytes(bytes: bytes))
      let result = try vector.node.value("result")
      let chunks = try result.value("chunks").items()
      var count = 0
      while let record = try salvage.next() {
        guard case .chunk(let chunk) = record.content else { continue }
        let expected = try #require(chunks.dropFirst(count).first).items()
        count += 1
        let state = [UInt8](salvage.chunkBytes)
        #expect(chunk.device == (try expected[0].integer()))
        #expect(chunk.stateOffset == (try expected[1].integer()))
        #expect(state.count == (try expected[2].integer()))
        #expect(fnv1a(state) == (try expected[3].string()))
      }
      #expect(count == chunks.count)
      let report = try salvage.finish()
      #expect(report.condition.rawValue == (try result.text("condition")))
      #expect(report.missingRecordCount == (try result.value("missing_record_count").integer()))
      #expect(try Self.ranges(report.damage, are: result.value("damaged")))
      let fault = try result.value("fault")
      #expect(report.defect.map { "\($0)" } == (fault.isNull ? nil : try fault.string()))
      let losses = try result.value("losses").items()
      #expect(report.losses.count == losses.count)
      for (number, (found, expected)) in zip(report.losses, losses).enumerated() {
        let isWhole = report.isWhole(device: UInt16(number))
        #expect((isWhole ? 1 : 0) == (try expected.value("is_whole").integer()))
        #expect(
          (found.isIdentityLost ? 1 : 0) == (try expected.value("is_identity_lost").integer()))
        #expect(found.recoveredByteCount == (try expected.value("intact_size").integer()))
        #expect(try Self.ranges(found.missing, are: expected.value("missing")), "\(found)")
        #expect(found.missingFrom == (try expected.member("missing_from")?.integer()))
      }
    } _: {
      guard case .stream(let error) = ($0 as? StreamIOError)?.cause else { return nil }
      return FoundError(error)
    }
  }

  private static func ranges(_ found: ByteRanges, are node: YAMLNode) throws -> Bool {
    let expected: [[UInt64]] = try node.value("ranges").items().map { try $0.numbers() }
    let count: UInt64 = try node.value("count").integer()
    let size: UInt64 = try node.value("size").integer()
    return found.ranges.map { [$0.lowerBound, $0.byteCount] } == expected
      && found.count == count && found.byteCount == size
  }

  /// The stream of a case, with a UUID of its own.
  private static func encoded(_ node: YAMLNode) throws -> [UInt8] {
    let options = try node.value("options")
    let time: UInt64 = try options.number("time")
    let chunk: UInt32 = try options.number("chunk_size")
    let raw: Int = try options.number("flags")
    var encoder = try StreamEncoder(
      StreamHeader(
        uuid: .random(),
        limits: StreamLimits(
          chunkByteCount: chunk == 0 ? 1 << 20 : chunk,
          metadataByteCount: StreamLimits.standard.metadataByteCount,
          windowByteCount: try options.number("window_size"))),
      compression: raw == 1 ? .raw : .zstd(level: 1))
    var bytes: [UInt8] = []
    let information = StreamInformation(
      producer: try options.text("producer"),
      kernelRelease: try options.text("kernel_release"), machine: try options.text("machine"),
      time: time == 0 ? nil : time)
    bytes += try encoder.write(.information(information)).all
    for (number, device) in try node.value("devices").items().enumerated() {
      for record in try DeviceIntroduction(device, number: UInt16(number)).records {
        bytes += try encoder.write(record).all
      }
    }
    let states = try node.value("states").items().map { state in
      let (count, step): (Int, Int) = (try state.number("size"), try state.number("step"))
      return (0..<count).map { UInt8(truncatingIfNeeded: $0 * step + ($0 * step) >> 8) }
    }
    for call in try node.value("steps").items() {
      let numbers: [Int] = try call.numbers()
      let context = StateChunk.Context(
        phase: try #require(StateChunk.Phase(rawValue: UInt8(numbers[1]))),
        iteration: UInt32(numbers[2]), flags: StateChunk.Flags(rawValue: UInt8(numbers[3])))
      let part = Array(states[numbers[0]][numbers[4]..<numbers[4] + numbers[5]])
      var rest = part.span.bytes
      while let coded = try encoder.push(&rest, device: UInt16(numbers[0]), context: context) {
        bytes += coded.all
      }
    }
    if let coded = try encoder.flush() { bytes += coded.all }
    return try bytes + encoder.finish().all
  }
}

extension EncodedBytes {
  fileprivate var all: [UInt8] { [UInt8](head) + [UInt8](body) }
}

extension FoundError {
  /// What is wrong with a stream.
  fileprivate init(_ error: StreamError) {
    self.init("\(error)")
    (offset, record, device) = (error.offset, error.record, error.device)
    expected = error.expected.isEmpty ? nil : error.expected
    found = error.found.isEmpty ? nil : error.found
  }
}

/// A file in memory.
private struct MemoryBytes: RandomAccessBytes {
  let bytes: [UInt8]
  var name: String { "memory" }
  var byteCount: UInt64? { UInt64(bytes.count) }

  func read(into span: inout MutableRawSpan, at offset: UInt64) throws(StreamIOError) -> Int {
    guard offset < bytes.count else { return 0 }
    let count = min(span.byteCount, bytes.count - Int(offset))
    span.withUnsafeMutableBytes { $0.copyBytes(from: bytes[Int(offset)..<Int(offset) + count]) }
    return count
  }
}

/// A record as a reader of C gives it.
private struct FoundRecord: Hashable {
  var kind: String
  var offset: UInt64
  /// The other members, by name.
  var numbers: [String: UInt64] = [:]

  init(_ kind: String, at offset: UInt64, _ numbers: [String: UInt64] = [:]) {
    (self.kind, self.offset, self.numbers) = (kind, offset, numbers)
  }

  init(_ node: YAMLNode) throws {
    self.init(try node.value("kind").string(), at: try node.value("offset").integer())
    for entry in try node.entries() where !["kind", "offset"].contains(entry.key) {
      numbers[entry.key] = try entry.value.integer()
    }
  }
}

/// What comes of a stream that is fed in pieces.
private struct Reading {
  var records: [FoundRecord] = []
  var introductions: [DeviceIntroduction] = []
  var states: [[UInt8]] = []

  /// Reads as far as there is no error, and gives that.
  mutating func read(_ bytes: [UInt8], _ step: Int) -> StreamError? {
    var decoder = StreamDecoder()
    var introduction = StreamIntroduction()
    var isIntroduced = false
    do throws(StreamError) {
      for start in stride(from: 0, to: bytes.count, by: step) {
        var input = bytes.span.bytes.extracting(start..<min(start + step, bytes.count))
        while let record = try decoder.next(&input) {
          if !isIntroduced {
            if introduction.add(record) { continue }
            isIntroduced = true
            introductions = introduction.devices.map(\.known)
            states = introductions.map { _ in [] }
            records.append(FoundRecord("devices", at: decoder.recordOffset))
          }
          try take(record, &decoder)
        }
      }
      try decoder.finish()
      return nil
    } catch {
      return error
    }
  }

  private mutating func take(
    _ record: Record, _ decoder: inout StreamDecoder
  ) throws(StreamError) {
    let offset = decoder.recordOffset
    switch record {
    case .chunk(let chunk):
      states[Int(chunk.device)] += [UInt8](try decoder.chunkBytes())
      records.append(
        FoundRecord(
          "state", at: offset,
          [
            "device": UInt64(chunk.device), "state_offset": chunk.stateOffset,
            "state_size": UInt64(chunk.byteCount), "phase": UInt64(chunk.context.phase.rawValue),
            "iteration": UInt64(chunk.context.iteration),
            "flags": UInt64(chunk.context.flags.rawValue),
          ]))
    case .summary(let summary, let device):
      records.append(
        FoundRecord(
          "summary", at: offset,
          [
            "device": UInt64(device), "state_size": summary.byteCount,
            "is_verified": decoder.isVerified(device: device) ? 1 : 0,
          ]))
    case .end(let totals):
      records.append(
        FoundRecord(
          "end", at: offset,
          [
            "device_count": UInt64(totals.deviceCount), "state_size": totals.stateByteCount,
          ]))
    default: break
    }
  }
}

extension DeviceIntroduction {
  /// What the C interface has of it: nothing of optional records, nor of dictionaries.
  fileprivate var known: DeviceIntroduction {
    var known = self
    known.optionalRecords = []
    known.identity.unknownFields = []
    known.identity.dictionary = nil
    return known
  }

  /// The device of a case.
  fileprivate init(_ node: YAMLNode, number: UInt16) throws {
    self.init(number: number, identity: try DeviceIdentity(node))
    if node.member("physical") != nil || node.member("shown") != nil {
      configuration = ConfigurationRecord(
        physical: try node.member("physical")?.rows(),
        synthesized: try node.member("shown")?.rows(),
        emulatedBits: try node.member("emulated_bits")?.rows(),
        profileName: try node.text("profile_name"),
        profileDigest: try node.member("profile_digest").map {
          Digest(algorithm: .sha256, bytes: try $0.hexadecimal())
        })
    }
    interrupts = try node.member("interrupts").map(InterruptState.init)
    let domains = try node.member("domains")?.items().map(PASIDTable.Domain.init) ?? []
    let bindings: [PASIDTable.Binding] =
      try node.member("bindings")?.items().map {
        let numbers: [UInt32] = try $0.numbers()
        return PASIDTable.Binding(
          pasid: numbers[0], domain: numbers[1], permissions: .init(rawValue: UInt8(numbers[2])))
      } ?? []
    if !domains.isEmpty || !bindings.isEmpty {
      pasids = PASIDTable(domains: domains, bindings: bindings)
    }
  }
}

extension DeviceIdentity {
  fileprivate init(_ node: YAMLNode) throws {
    self.init(name: try node.text("name"), driver: try node.text("driver"))
    let parts: Int = try node.number("parts")
    if parts & 1 != 0 {
      var ids = PCIIdentity(
        vendorID: try node.number("vendor_id"), deviceID: try node.number("device_id"))
      if parts & 2 != 0 {
        ids.subsystemVendorID = try node.number("subsystem_vendor_id")
        ids.subsystemID = try node.number("subsystem_id")
      }
      if parts & 4 != 0 {
        ids.classCode = try node.number("class_code")
        ids.revisionID = try node.number("revision_id")
      }
      pci = ids
    }
    if parts & 8 != 0 { migrationFlags = try node.number("migration_flags") }
    if parts & 16 != 0 { stopCopyByteCount = try node.number("stop_copy_size") }
    if parts & 32 != 0 {
      circumstances = Circumstances(rawValue: try node.number("circumstances"))
    }
    regions =
      try node.member("regions")?.items().map {
        let numbers: [UInt64] = try $0.numbers()
        return Region(
          index: UInt32(numbers[0]), flags: UInt32(numbers[1]), byteCount: numbers[2])
      } ?? []
  }
}

extension InterruptState {
  fileprivate init(_ node: YAMLNode) throws {
    let parts: Int = try node.number("parts")
    self.init(assertedPins: parts & 1 == 0 ? nil : try node.number("asserted_pins"))
    if parts & 2 != 0 {
      msi = MSI(
        control: try node.number("msi_control"), address: try node.number("msi_address"),
        data: try node.number("msi_data"), maskBits: try node.number("msi_mask_bits"),
        pendingBits: try node.number("msi_pending_bits"))
    }
    if parts & 4 != 0 {
      msix = MSIX(
        control: try node.number("msix_control"),
        table: try node.member("msix_table")?.hexadecimal() ?? [],
        pendingBits: try node.member("msix_pending_bits")?.hexadecimal() ?? [])
    }
  }
}

extension PASIDTable.Domain {
  fileprivate init(_ node: YAMLNode) throws {
    let isNested: Int = try node.number("is_nested")
    let hasQueue: Int = try node.number("has_fault_queue")
    self.init(
      id: try node.number("id"),
      kind: isNested == 0
        ? .addressSpace
        : .nested(
          dataType: try node.number("data_type"), data: try node.value("data").hexadecimal()),
      faults: hasQueue == 0 ? .none : .queue)
  }
}
