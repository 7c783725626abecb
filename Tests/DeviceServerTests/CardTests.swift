import DeviceServer
import Devices
import Glibc
import TestSupport
import Testing
import VFIOUser
import VirtualPCI

/// A function whose device reaches memory and signals eventfds by itself, as the kernel's do.
@Suite struct CardTests {
  private static let profile = """
    profile: card.v1
    identity: { vendor: 0x1af4, device: 0x1234, subsystem: 0x1af4:0x0001, class: 0x010802, revision: 1 }
    bars: [ { index: 0, kind: mem64, size: 16KiB } ]
    capabilities:
      - { id: msix, at: 0x50, vectors: 17, table: { bar: 0, offset: 0x2000 }, pba: { bar: 0, offset: 0x3000 } }
    """

  private let layout: ProfileLayout
  private let card: Card
  private let function: ServedFunction

  init() throws {
    layout = try ProfileLayout(Profile(parsing: [UInt8](Self.profile.utf8)))
    card = try Card(layout.synthesized)
    function = try ServedFunction(card, profile: layout)
  }

  private func range(_ page: UInt64, pages: UInt64 = 1) -> AddressRange {
    AddressRange(start: page << 12, byteCount: pages << 12)
  }

  private func map(_ range: AddressRange, offset: UInt64 = 0) throws {
    let mapping = DMAMapping(access: [.read, .write], offset: offset, range: range)
    _ = try function.answer(
      .mapDMA(mapping), descriptors: [try TestMemory.file(byteCount: 16 << 12)])
  }

  private func unmap(_ range: AddressRange) throws {
    _ = try function.answer(.unmapDMA(DMAUnmapping(range: range)))
  }

  // MARK: Memory

  @Test func memoryGoesToTheDeviceByItsFileIfThatCanBe() throws {
    try map(range(1, pages: 2), offset: 3 << 12)
    #expect(card.calls == [.mapFile(range(1, pages: 2), offset: 3 << 12)])
    card.takesFiles = false
    try map(range(8))
    #expect(card.calls.last == .map(range(8), [.read, .write]))
    try unmap(range(0, pages: 16))
    #expect(card.calls.suffix(2) == [.unmap(range(1, pages: 2)), .unmap(range(8))])
  }

  /// What only the client has, the device cannot reach.
  @Test func memoryWithoutAFileIsNoneOfTheDevices() throws {
    let mapping = DMAMapping(access: .read, offset: 0, range: range(1))
    _ = try function.answer(.mapDMA(mapping))
    try unmap(range(1))
    #expect(card.calls.isEmpty)
  }

  @Test func memoryThatTheDeviceRefusesIsNotMapped() throws {
    card.takesFiles = false
    card.mapError = .noSpace
    #expect(throws: LinuxErrno.noSpace) { try map(range(1)) }
    card.mapError = nil
    try map(range(1))
    #expect(card.calls == [.map(range(1), [.read, .write])])
  }

  /// One range that stays keeps no other, and is not kept quiet.
  @Test func memoryThatTheDeviceKeepsIsSaid() throws {
    for page in [1, 2, 3] as [UInt64] { try map(range(page)) }
    card.stuckRange = range(2)
    card.forgetCalls()
    #expect(throws: LinuxErrno.busy) { try unmap(range(0, pages: 16)) }
    #expect(card.calls == [.unmap(range(1)), .unmap(range(3))])

    for page in [1, 2] as [UInt64] { try map(range(page)) }
    let said = function.clientLeft()
    #expect(said.contains("reset") && said.contains("may still reach its client's memory"))
    #expect(card.calls.last == .unmap(range(1)))
  }

  /// What one guest left in a device that cannot be reset, the next is not given.
  @Test func aDeviceThatCannotBeResetTakesNoClient() throws {
    card.resetError = .inputOutput
    #expect(function.clientLeft().contains("could not be reset"))
    #expect(throws: LinuxErrno.inputOutput) { try function.clientComes() }
    card.resetError = nil
    try function.clientComes()
  }

  // MARK: Interrupts

  /// Vectors without eventfds let go of theirs, which the kernel is told one by one.
  @Test func vectorsWithoutEventfdsLetGoOfTheirs() throws {
    let setup = InterruptSetup(.trigger, .eventfds, index: 2, start: 1, count: 3)
    _ = try function.answer(.setInterrupts(setup))
    #expect(card.calls == [.set(setup, [-1, -1, -1])])
  }

  private func enable(_ index: UInt32, start: UInt32 = 0, count: UInt32) throws -> [Int32] {
    let eventfds = (0..<count).map { _ in OwnedDescriptor(open("/dev/null", O_WRONLY)) }
    let setup = InterruptSetup(.trigger, .eventfds, index: index, start: start, count: count)
    _ = try function.answer(.setInterrupts(setup), descriptors: eventfds)
    return eventfds.map(\.number)
  }

  /// A message brings 16 of the 17 vectors, and the kernel has as many as it was first told of.
  @Test func aKindThatCannotBeResizedIsTurnedOnAgainWithAll() throws {
    let first = try enable(2, count: 16)
    let off = InterruptSetup(.trigger, .none, index: 2, count: 0)
    #expect(card.calls == [.set(InterruptSetup(.trigger, .eventfds, index: 2, count: 16), first)])
    card.forgetCalls()
    let last = try enable(2, start: 16, count: 1)
    let all = InterruptSetup(.trigger, .eventfds, index: 2, count: 17)
    #expect(card.calls == [.set(off, []), .set(all, first + last)])
    // What is there already is changed alone.
    card.forgetCalls()
    let changed = try enable(2, start: 3, count: 1)
    let one = InterruptSetup(.trigger, .eventfds, index: 2, start: 3, count: 1)
    #expect(card.calls == [.set(one, changed)])
    // Off is off: what was kept is not turned on again.
    _ = try function.answer(.setInterrupts(off))
    card.forgetCalls()
    let anew = try enable(2, count: 2)
    #expect(card.calls == [.set(InterruptSetup(.trigger, .eventfds, index: 2, count: 2), anew)])
  }

  /// A kind that the device cannot turn on again is off, and none of it is kept.
  @Test func aKindThatIsRefusedIsOff() throws {
    _ = try enable(2, count: 16)
    card.interruptError = .noSpace
    #expect(throws: LinuxErrno.noSpace) { try enable(2, start: 16, count: 1) }
    card.interruptError = nil
    card.forgetCalls()
    let last = try enable(2, start: 16, count: 1)
    let one = InterruptSetup(.trigger, .eventfds, index: 2, start: 16, count: 1)
    #expect(card.calls == [.set(one, last)])
  }

  /// The guest is shown the profile's 17 vectors of the device's 64, and no kind that it lacks.
  @Test func noMoreVectorsThanTheGuestIsShown() throws {
    let counts = try (0..<4 as Range<UInt32>).map { index in
      let question = InformationRequest(replyLimit: 16, index: index)
      guard case .interrupt(let kind) = try function.answer(.interruptInformation(question)).reply
      else { return -1 }
      return Int(kind.count)
    }
    #expect(counts[1...] == [0, 17, 0])
    let setup = InterruptSetup(.trigger, .eventfds, index: 2, start: 1, count: 17)
    #expect(throws: LinuxErrno.invalid) { try function.answer(.setInterrupts(setup)) }
    #expect(card.calls.isEmpty)
  }

  /// A client that goes takes its eventfds with it.
  @Test func interruptsEndWithTheClient() throws {
    _ = function.clientLeft()
    #expect(
      card.calls
        == (0..<3).map { .set(InterruptSetup(.trigger, .none, index: $0, count: 0), []) })
  }

  // MARK: Profiles

  /// A guest that is shown the table elsewhere would write to what is there on the device.
  @Test func structuresOfMSIXThatLieElsewhereAreRefused() throws {
    var space = layout.synthesized
    space[0x55] = 0x30
    space[0x59] = 0x20
    let other = try Card(space)
    let error = #expect(throws: ServingError.self) {
      try ServedFunction(other, profile: layout)
    }
    #expect(error.map { "\($0)" }?.contains("MSI-X structures") == true)
  }
}
