import ByteIO
import DeviceServer
import Devices
import EmulatedDevices
import TestSupport
import Testing
import VFIOUser

/// A function as its client and its operator see it, without sockets.
@Suite struct ServedFunctionTests {
  private static func function(
    _ name: String = "emulated:mtty?ports=2&text=hello"
  ) throws -> ServedFunction {
    try ServedFunction(EmulatedDevice(DeviceURI(parsing: name)))
  }

  private static func move(_ target: MigrationState) -> Request {
    var writer = ByteWriter()
    writer.little(target.rawValue)
    writer.little(-1 as Int32)
    return .feature(FeatureRequest(.migrationState, .set, writer.bytes))
  }

  private static func errno(
    of function: ServedFunction, _ request: Request, _ side: ServedFunction.Side
  ) -> LinuxErrno? {
    do throws(LinuxErrno) {
      _ = try function.answer(request, from: side)
      return nil
    } catch {
      return error
    }
  }

  static let states: [MigrationState] = [.stop, .stopCopy, .resuming, .preCopy, .runningP2P]

  /// Whoever takes the device out of RUNNING owns its state until it is back.
  @Test(arguments: states, [ServedFunction.Side.client, .control])
  func oneSideOwnsTheState(state: MigrationState, side: ServedFunction.Side) throws {
    let other: ServedFunction.Side = side == .client ? .control : .client
    let function = try Self.function()
    #expect(function.owner == nil)
    #expect(Self.errno(of: function, Self.move(state), side) == nil)
    #expect(function.owner == side)
    for request in [Self.move(.running), Self.move(.stop)] {
      #expect(Self.errno(of: function, request, other) == .busy)
    }
    // A guest that resets its running device ends what the operator was reading.
    let isGuestsReset = other == .client && [.preCopy, .runningP2P].contains(state)
    #expect(Self.errno(of: function, .reset, other) == (isGuestsReset ? nil : .busy))
    guard !isGuestsReset else {
      #expect(function.owner == nil)
      return
    }
    #expect(
      Self.errno(of: function, .readMigrationData(replyLimit: 72, byteCount: 64), other)
        == .invalid)
    // What was not loaded is no state, so that a reset is the way back from there.
    let back: Request = state == .resuming ? .reset : Self.move(.running)
    #expect(Self.errno(of: function, back, side) == nil)
    #expect(function.owner == nil)
    #expect(Self.errno(of: function, Self.move(.stop), other) == nil)
  }

  /// The uAPI forbids access to a device that was stopped, or whose state is being read or written.
  @Test(arguments: [MigrationState.stop, .stopCopy, .resuming])
  func nobodyTouchesADeviceWhoseStateMoves(state: MigrationState) throws {
    let function = try Self.function()
    #expect(Self.errno(of: function, Self.move(state), .client) == nil)
    let register = RegionRange(region: 0, offset: 5, byteCount: 1)
    #expect(Self.errno(of: function, .readRegion(register), .client) == .invalid)
    #expect(Self.errno(of: function, .writeRegion(register, [0]), .client) == .invalid)
    #expect(function.counters.regionReads == 0 && function.counters.regionWrites == 0)
    // In STOP it answers for its configuration space.
    let space = RegionRange(region: 7, offset: 0, byteCount: 4)
    let expected: LinuxErrno? = state == .stop ? nil : .invalid
    #expect(Self.errno(of: function, .readRegion(space), .client) == expected)
  }

  /// The operator reads the device's own space, and touches nothing that is the guest's.
  @Test func theOperatorTouchesNoRegister() throws {
    let function = try Self.function()
    let range = RegionRange(region: 7, offset: 0, byteCount: 4)
    #expect(Self.errno(of: function, .readRegion(range), .control) == nil)
    let refused: [Request] = [
      .writeRegion(range, [0, 0, 0, 0]), .writeRegions([]),
      .readRegion(RegionRange(region: 0, offset: 0, byteCount: 1)),
      .setInterrupts(InterruptSetup(.trigger, .none, index: 0, count: 0)),
      .unmapDMA(DMAUnmapping(flags: 2, range: AddressRange(start: 0, byteCount: 0))),
    ]
    for request in refused {
      #expect(Self.errno(of: function, request, .control) == .notPermitted, "\(request)")
    }
    #expect(function.counters.refusals == UInt64(refused.count))
  }

  /// Maps and unmaps of all small ranges, held against a set of pages.
  @Test(arguments: seeds(50))
  func mappingsAreThoseOfAModel(seed: UInt64) throws {
    var generator = SplitMix64(seed: seed)
    let function = try Self.function()
    var model: [Range<UInt64>] = []
    for _ in 0..<200 {
      let start = UInt64.random(in: 0..<16, using: &generator)
      let range = start..<start + UInt64.random(in: 0...4, using: &generator)
      let addresses = AddressRange(
        start: range.lowerBound << 12, byteCount: UInt64(range.count) << 12)
      if Bool.random(using: &generator) {
        let mapping = DMAMapping(access: [.read, .write], offset: 0, range: addresses)
        let expected: LinuxErrno? =
          range.isEmpty
          ? .invalid
          : model.contains { $0.overlaps(range) } ? LinuxErrno(rawValue: 17) : nil
        #expect(Self.errno(of: function, .mapDMA(mapping), .client) == expected)
        if expected == nil { model.append(range) }
      } else {
        let inside = model.filter {
          range.contains($0.lowerBound) && $0.upperBound <= range.upperBound
        }
        let isCut = model.contains { $0.overlaps(range) && !inside.contains($0) }
        let expected: LinuxErrno? =
          range.isEmpty || isCut ? .invalid : inside.isEmpty ? .noEntry : nil
        let request = Request.unmapDMA(DMAUnmapping(range: addresses))
        #expect(Self.errno(of: function, request, .client) == expected)
        if expected == nil { model.removeAll { inside.contains($0) } }
      }
    }
    #expect(function.counters.maps > 0)
  }

  /// A client that goes takes nothing with it: the device runs, nobody owns its state.
  @Test(arguments: states)
  func aDeviceIsFreeWhenItsClientGoes(state: MigrationState) throws {
    let function = try Self.function()
    _ = try function.answer(Self.move(state))
    #expect(function.clientLeft().contains("the device was reset"))
    #expect(function.owner == nil)
    #expect(try function.device.state() == .running)
    // What the operator has stopped stays.
    _ = try function.answer(Self.move(.stop), from: .control)
    #expect(function.clientLeft().contains("stays STOP"))
    #expect(function.owner == .control)
  }

  /// What a client left stays known until a reset was done, and no client comes before.
  @Test func leftoversStayKnownUntilAReset() throws {
    let function = try Self.function("emulated:igb")
    let register = RegionRange(region: 0, offset: 64, byteCount: 1)
    _ = try function.answer(.writeRegion(register, [7]))
    _ = try function.answer(Self.move(.stop), from: .control)
    #expect(function.clientLeft().contains("stays STOP"))
    #expect(throws: LinuxErrno.busy) { try function.clientComes() }
    _ = try function.answer(Self.move(.running), from: .control)
    #expect(try function.clientComes() == "the device was reset")
    #expect(try function.clientComes() == nil)
    guard case .regionData(_, let bytes) = try function.answer(.readRegion(register)).reply else {
      Issue.record("expected data")
      return
    }
    #expect(bytes == [0])
  }

  /// A reset is said to clear only what it is known to clear.
  @Test(arguments: ["igb": true, "mtty?ports=2": false])
  func aResetIsSaidInTrueWords(name: String, clears: Bool) throws {
    let function = try Self.function("emulated:\(name)")
    #expect(function.clientLeft().contains("not known to clear") == !clears)
  }

  private static func report(
    _ function: ServedFunction, _ page: UInt64, _ pages: UInt64, pageByteCount: UInt64
  ) throws -> Set<UInt64> {
    var writer = ByteWriter()
    for value in [page << 12, pages << 12, pageByteCount] { writer.little(value) }
    let request = FeatureRequest(
      .reportDMALogging, .get, writer.bytes, replyLimit: 1 << 16)
    guard case .feature(let found) = try function.answer(.feature(request)).reply else { return [] }
    let bits = found.payload.dropFirst(24)
    let unit = pageByteCount >> 12
    return (0..<pages).reduce(into: []) { set, number in
      let bit = Int(number / unit)
      if bits[bits.startIndex + bit / 8] >> UInt8(bit % 8) & 1 == 1 { set.insert(page + number) }
    }
  }

  /// Reports of parts, in any page size: none hides a write, and what was reported is clean.
  @Test(arguments: seeds(50))
  func noReportLosesAPage(seed: UInt64) throws {
    var generator = SplitMix64(seed: seed)
    let device = try EmulatedDevice(DeviceURI(parsing: "emulated:synthetic?size=1MiB"))
    let function = try ServedFunction(device)
    let file = try TestMemory.file(byteCount: 64 << 12)
    let mapping = DMAMapping(
      access: [.read, .write], offset: 0, range: AddressRange(start: 0, byteCount: 64 << 12))
    _ = try function.answer(.mapDMA(mapping), descriptors: [file])
    let sizes: [UInt64] = [4096, 8192, 16384, 65536]
    var writer = ByteWriter()
    writer.little(sizes.randomElement(using: &generator) ?? 4096)
    writer.little(0 as UInt64)
    _ = try function.answer(.feature(FeatureRequest(.startDMALogging, .set, writer.bytes)))
    var dirty: Set<UInt64> = []
    for _ in 0..<100 {
      let page = UInt64.random(in: 0..<64, using: &generator)
      if Bool.random(using: &generator) {
        let bytes: [UInt8] = [1]
        try device.memory?.write(bytes.span.raw, at: page << 12)
        dirty.insert(page)
      } else {
        let size = sizes.randomElement(using: &generator) ?? 4096
        let pages = UInt64.random(in: 1...64 - page, using: &generator)
        let found = try Self.report(function, page, pages, pageByteCount: size)
        let expected = dirty.filter { page..<page + pages ~= $0 }
        #expect(found.isSuperset(of: expected))
        if size == 4096 { #expect(found == expected) }
        dirty.subtract(expected)
      }
    }
    #expect(try Self.report(function, 0, 64, pageByteCount: 4096) == dirty)
  }

  /// Every emulated family can be served, and shows its own space.
  @Test(arguments: EmulatedFamily.all.map(\.name))
  func everyFamilyIsServed(name: String) throws {
    let device = try EmulatedDevice(DeviceURI(parsing: "emulated:\(name)"))
    let function = try ServedFunction(device)
    let space = try device.configurationSpace()
    let range = RegionRange(region: 7, offset: 0, byteCount: UInt32(space.count))
    guard case .regionData(_, let shown) = try function.answer(.readRegion(range)).reply else {
      Issue.record("expected data")
      return
    }
    #expect(shown == space)
    for index in 0..<9 as Range<UInt32> {
      let question = InformationRequest(replyLimit: 32, index: index)
      guard case .region(let region, _) = try function.answer(.regionInformation(question)).reply
      else {
        Issue.record("expected a region")
        continue
      }
      #expect(!region.flags.contains(.map))
      guard index < 6, region.byteCount > 0 else { continue }
      // Memory that nothing acts on keeps what it is given.
      let place = RegionRange(region: index, offset: region.byteCount - 1, byteCount: 1)
      #expect(Self.errno(of: function, .writeRegion(place, [0]), .client) == nil)
      #expect(Self.errno(of: function, .readRegion(place), .client) == nil)
      let behind = RegionRange(region: index, offset: region.byteCount, byteCount: 1)
      #expect(Self.errno(of: function, .readRegion(behind), .client) == .invalid)
    }
  }
}
