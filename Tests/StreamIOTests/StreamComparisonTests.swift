import ByteIO
import MigrationStream
import StreamIO
import TestSupport
import Testing

@Suite struct StreamComparisonTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func differences(
    _ left: StreamBuilder, _ right: StreamBuilder
  ) throws -> [StreamDifference] {
    let comparison = StreamComparison(
      try StreamArchive(InputFile(path: folder.write(try left.encoded(), to: "left.dms"))),
      try StreamArchive(InputFile(path: folder.write(try right.encoded(), to: "right.dms"))))
    return try comparison.differences()
  }

  /// One device with this state, in chunks of at most `limit` bytes.
  private func stream(
    _ state: [UInt8], compression: Compression = .standard, limit: UInt32 = 64 << 10,
    preCopy: Int = 0
  ) -> StreamBuilder {
    var builder = StreamBuilder()
    builder.header.limits.chunkByteCount = limit
    builder.compression = compression
    builder.pieces = [
      .init(device: 0, context: .init(phase: .preCopy), bytes: [UInt8](state[..<preCopy])),
      .init(device: 0, context: .init(phase: .stopCopy), bytes: [UInt8](state[preCopy...])),
    ]
    return builder
  }

  @Test(arguments: seeds(8))
  func codingAndChunksDoNotCount(seed: UInt64) throws {
    var random = SplitMix64(seed: seed)
    let state = (0..<4).flatMap { _ in random.state(.random(in: 0...90_000, using: &random)) }
    var other = stream(
      state, compression: .zstd(level: 3), limit: 1 << 20,
      preCopy: .random(in: 0...state.count, using: &random))
    other.header.uuid = .random()
    other.indexThreshold = 0
    other.information = StreamInformation(producer: "another", time: 7)
    #expect(try differences(stream(state, compression: .raw), other).isEmpty)
  }

  @Test(arguments: seeds(24))
  func rangesAreExact(seed: UInt64) throws {
    var random = SplitMix64(seed: seed)
    let left = random.state(.random(in: 1...150_000, using: &random))
    var right = left
    for _ in 0..<Int.random(in: 0...30, using: &random) {
      let start = Int.random(in: right.indices, using: &random)
      let end = min(start + Int.random(in: 1...20, using: &random), right.count)
      for index in start..<end { right[index] = .random(in: 0...3, using: &random) }
    }
    switch seed % 3 {
    case 1: right += random.bytes(.random(in: 1...70_000, using: &random))
    case 2: right.removeLast(.random(in: 0..<right.count, using: &random))
    default: break
    }
    var expected = ByteRanges()
    for index in 0..<max(left.count, right.count)
    where index >= min(left.count, right.count) || left[index] != right[index] {
      expected.append(UInt64(index)..<UInt64(index) + 1)
    }
    let found = try differences(
      stream(left, compression: .raw), stream(right, limit: 1 << 20))
    if expected.isEmpty {
      #expect(found.isEmpty)
    } else {
      #expect(found.map(\.subject) == [.state])
      #expect(found.first?.ranges == expected)
      #expect(found.first?.left == "\(left.count) bytes")
      #expect(found.first?.right == "\(right.count) bytes")
    }
  }

  @Test func moreRangesThanAreKeptAreCounted() throws {
    let left = [UInt8](repeating: 0, count: 6000)
    let right = left.indices.map { UInt8($0 % 2) }
    let ranges = try #require(try differences(stream(left), stream(right)).first?.ranges)
    #expect(ranges.ranges.count == ByteRanges.capacity)
    #expect(ranges.count == 3000)
    #expect(ranges.byteCount == 3000)
    #expect(ranges.ranges.last == 1999..<2000)
  }

  @Test func rangesOfAllLengthsAreCountedWithoutOverflow() {
    var ranges = ByteRanges()
    ranges.append(0..<0)
    #expect(ranges.isEmpty)
    ranges.append(0..<UInt64.max)
    #expect(ranges.ranges == [0..<UInt64.max])
    #expect(ranges.byteCount == .max)
  }

  @Test func domainNumbersMeanNothing() throws {
    var left = StreamBuilder()
    left.devices[0].pasids = PASIDTable(
      domains: [.init(id: 0), .init(id: 1, kind: .nested(dataType: 1, data: [1]), faults: .queue)],
      bindings: [
        .init(pasid: 1, domain: 0), .init(pasid: 2, domain: 1), .init(pasid: 3, domain: 1),
      ])
    var right = left
    right.devices[0].pasids = PASIDTable(
      domains: [.init(id: 9, kind: .nested(dataType: 1, data: [1]), faults: .queue), .init(id: 4)],
      bindings: [
        .init(pasid: 3, domain: 9), .init(pasid: 2, domain: 9), .init(pasid: 1, domain: 4),
      ])
    #expect(try differences(left, right).isEmpty)

    // The same kind of domain, but no longer the same one for both PASIDs.
    right.devices[0].pasids?.domains.append(
      .init(id: 5, kind: .nested(dataType: 1, data: [1]), faults: .queue))
    right.devices[0].pasids?.bindings[0].domain = 5
    var found = try differences(left, right)
    #expect(found.map(\.field) == ["PASID 3"])
    #expect(found.map(\.subject) == [.bindings])

    right = left
    right.devices[0].pasids?.bindings[0].permissions = [.execute]
    right.devices[0].pasids?.bindings.removeLast()
    found = try differences(left, right)
    #expect(found.map(\.field) == ["PASID 1", "PASID 3"])
    #expect(found.last?.right == "none")
  }

  @Test func everyPartOfADeviceCounts() throws {
    let left = Samples.small(indexed: true)
    let changes: [(StreamDifference.Subject, String?, (inout StreamBuilder) -> Void)] = [
      (.identity, "name", { $0.devices[0].identity.name = "other" }),
      (.identity, "driver", { $0.devices[0].identity.driver = nil }),
      (.identity, "PCI ids", { $0.devices[0].identity.pci?.deviceID = 1 }),
      (.identity, "migration flags", { $0.devices[0].identity.migrationFlags = 7 }),
      (
        .identity, "regions",
        { $0.devices[0].identity.regions = [.init(index: 1, flags: 0, byteCount: 1)] }
      ),
      (.configuration, "physical", { $0.devices[0].configuration?.physical?[3] ^= 1 }),
      (.configuration, "physical", { $0.devices[0].configuration = nil }),
      (.configuration, "synthesised", { $0.devices[0].configuration?.synthesized = [1] }),
      (.configuration, "profile", { $0.devices[0].configuration?.profileName = "a" }),
      (.interrupts, "INTx", { $0.devices[1].interrupts?.assertedPins = 2 }),
      (.interrupts, "INTx", { $0.devices[1].interrupts = nil }),
      (.bindings, "PASID 5", { $0.devices[1].pasids = nil }),
      (.state, nil, { $0.pieces[0].bytes[0] ^= 1 }),
    ]
    let field = MetadataField(tag: 99, bytes: [1])
    let laterChanges: [(StreamDifference.Subject, String?, (inout StreamBuilder) -> Void)] = [
      (.identity, "fields of later versions", { $0.devices[0].identity.unknownFields = [field] }),
      (
        .bindings, "domains without a PASID",
        { $0.devices[1].pasids?.domains.append(.init(id: 9, kind: .addressSpace)) }
      ),
      (
        .bindings, "domains without a PASID",
        {
          $0.devices[1].pasids?.domains.append(
            .init(id: 9, kind: .nested(dataType: 1, data: [2])))
        }
      ),
      (.bindings, "PASID 5", { $0.devices[1].pasids?.bindings[0].unknownFields = [field] }),
      (.records, "optional records", { $0.unknown = [] }),
      (.records, "optional records", { $0.unknown[0].payload[1] ^= 1 }),
      (.records, "optional records", { $0.unknown[0].type = RecordType(rawValue: 78) }),
    ]
    for (subject, field, change) in changes + laterChanges {
      var right = left
      change(&right)
      let found = try differences(left, right)
      #expect(found.map(\.subject) == [subject], "\(subject) \(field ?? "")")
      #expect(found.map(\.field) == [field])
      #expect(try differences(right, left).map(\.subject) == [subject])
    }
  }

  @Test func phasesCountOnRequest() throws {
    let state = [UInt8](1...200)
    let paths = try [0, 50].map { preCopy in
      try folder.write(
        try stream(state, limit: 1 << 20, preCopy: preCopy).encoded(), to: "\(preCopy).dms")
    }
    func differences(_ left: Int, _ right: Int, phases: Bool) throws -> [StreamDifference] {
      try StreamComparison(
        try StreamArchive(InputFile(path: paths[left])),
        try StreamArchive(InputFile(path: paths[right]))
      ).differences(phases: phases)
    }
    #expect(try differences(0, 1, phases: false).isEmpty)
    #expect(try differences(1, 1, phases: true).isEmpty)
    let found = try differences(0, 1, phases: true)
    #expect(found.map(\.subject) == [.phases])
    #expect(found.first?.right == "50 bytes of pre-copy in 1 iteration")
  }

  @Test func aTableIsComparedOnceForEachDomain() throws {
    var random = SplitMix64(seed: 1)
    var left = StreamBuilder()
    let count: UInt32 = 40_000
    left.devices[0].pasids = PASIDTable(
      domains: [.init(id: 1, kind: .nested(dataType: 1, data: random.bytes(200_000)))],
      bindings: (0..<count).map { .init(pasid: $0, domain: 1) })
    #expect(try differences(left, left).isEmpty)
    var right = left
    right.devices[0].pasids?.domains[0].kind = .nested(dataType: 2, data: [])
    let found = try differences(left, right)
    // Those that nobody reads are counted.
    #expect(found.count == 1001)
    #expect(found.last?.field == "39000 more PASIDs")
    #expect(found.last?.left == "39000 bound")
  }

  @Test func stateWithAnotherDigestIsNotCompared() throws {
    var stream = MutableStream(try Samples.small(indexed: false).encoded())
    try folder.write(stream.encoded(), to: "whole.dms")
    let summary = stream.index(of: .deviceSummary) + 2
    stream.records[summary].payload[stream.records[summary].payload.count - 1] ^= 1
    for (left, right) in [("whole", "other"), ("other", "whole")] {
      try folder.write(stream.encoded(), to: "other.dms")
      let comparison = StreamComparison(
        try StreamArchive(InputFile(path: folder["\(left).dms"])),
        try StreamArchive(InputFile(path: folder["\(right).dms"])),
        threads: try #require(ThreadCount(left == "whole" ? 1 : 4)))
      let error = #expect(throws: StreamIOError.self) { try comparison.differences() }
      #expect(error?.streamCode == .digestMismatch)
    }
  }

  @Test func aDeviceMoreIsADifference() throws {
    let left = Samples.small(indexed: false)
    var right = left
    right.devices.append(.init())
    #expect(try differences(left, right).map(\.subject) == [.devices])
  }

  /// Devices with chunks of a few bytes in rounds, with dictionaries and deltas, in an order of
  /// their own for each seed.
  private func rounds(_ states: [[[UInt8]]], seed: UInt64) -> StreamBuilder {
    var random = SplitMix64(seed: seed)
    var builder = StreamBuilder()
    builder.header = StreamHeader(
      uuid: .random(),
      limits: StreamLimits(
        chunkByteCount: 64 << 10, metadataByteCount: 1 << 20,
        windowByteCount: seed % 2 == 0 ? 1 << 20 : 0),
      mandatoryFeatures: seed % 2 == 0 ? [.dictionaries, .deltas] : .dictionaries)
    builder.indexThreshold = seed % 4 < 2 ? 0 : .max
    builder.devices = states.indices.map { number in
      var device = StreamBuilder.Device()
      device.identity = DeviceIdentity(name: "device \(number)", driver: "mtty")
      return device
    }
    var left = states.map { $0[...] }
    while let device = left.indices.filter({ !left[$0].isEmpty }).randomElement(using: &random) {
      guard let bytes = left[device].popFirst() else { continue }
      builder.pieces.append(
        .init(device: UInt16(device), context: .init(phase: .preCopy), bytes: bytes))
    }
    return builder
  }

  @Test(arguments: seeds(8), [2, 7, 1 << 18])
  func theOrderOfChunksOfSeveralDevicesDoesNotCount(seed: UInt64, placeLimit: Int) throws {
    var random = SplitMix64(seed: seed)
    let states = (0..<12).map { number in
      (0..<number).map { _ in random.state(.random(in: 1...600, using: &random)) }
    }
    var changed = states
    changed[3][1][0] ^= 1
    changed[11].removeLast()
    changed[0].append([1, 2, 3])
    let first = rounds(states, seed: seed)
    for (other, devices) in [(states, [] as [UInt16]), (changed, [0, 3, 11])] {
      let comparison = StreamComparison(
        try StreamArchive(InputFile(path: folder.write(try first.encoded(), to: "left.dms"))),
        try StreamArchive(
          InputFile(
            path: folder.write(try rounds(other, seed: seed + 1).encoded(), to: "right.dms"))),
        threads: try #require(ThreadCount(seed % 3 == 0 ? 2 : 1)), placeLimit: placeLimit)
      let found = try comparison.differences()
      #expect(found.map(\.subject) == devices.map { _ in .state })
      #expect(found.map(\.device) == devices)
      #expect(found.first?.ranges?.ranges == (devices.isEmpty ? nil : [0..<3]))
    }
  }

  @Test func ofStreamsWithoutTheSameDevicesThoseInBothAreCompared() throws {
    var random = SplitMix64(seed: 3)
    let states = (0..<300).map { _ in [random.state(.random(in: 1...100, using: &random))] }
    let all = rounds(states, seed: 1)
    #expect(
      try differences(all, rounds(Array(states.dropLast(40)), seed: 2)).map(\.subject) == [.devices]
    )
    // Devices are told by their numbers.
    let reversed = try differences(all, rounds(states.reversed(), seed: 2))
    #expect(
      reversed.compactMap(\.device)
        == states.indices.filter { states[$0] != states[299 - $0] }.map { UInt16($0) })
  }

  @Test func tornOrDamagedStreamsAreNotCompared() throws {
    let bytes = try Samples.small(indexed: false).encoded()
    try folder.write(bytes, to: "whole.dms")
    for position in stride(from: StreamHeader.byteCount, to: bytes.count, by: 7) {
      var damaged = bytes
      damaged[position] ^= 1
      for file in [[UInt8](bytes[..<position]), damaged] {
        let comparison = StreamComparison(
          try folder.archive(file), try StreamArchive(InputFile(path: folder["whole.dms"])))
        #expect(throws: StreamIOError.self, "byte \(position)") { try comparison.differences() }
      }
    }
  }
}
