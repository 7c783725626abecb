import DeviceTestSupport
import Devices
import EmulatedDevices
import StateLayout
import StateTranslation
import TestSupport
import Testing

@Suite struct NVMeTests {
  private func nvme(_ parameters: String = "") throws -> EmulatedDevice {
    try device("emulated:nvme?\(parameters)")
  }

  @Test func theStateIsLaidOutAsTheSpecificationSays() throws {
    let source = try nvme("queues=3&depth=64&seed=2&vendor-state=6&vendor=9")
    let bytes = try source.stopCopied()
    #expect(bytes[2] == 1)
    #expect(bytes.little(UInt64.self, at: 16) == UInt64(2 + 6 * 6))
    #expect(bytes.little(UInt64.self, at: 32) == 6)
    #expect(bytes.count == 48 + 8 + 6 * 24 + 24)
    #expect(bytes.little(UInt16.self, at: 50) == 3 && bytes.little(UInt16.self, at: 52) == 3)
    #expect(bytes.little(UInt16.self, at: 56 + 8) == 63)
    #expect(bytes.little(UInt16.self, at: 56 + 10) == 1)
    #expect(bytes.little(UInt64.self, at: 48 + 8 + 6 * 24) == 9)
    #expect(try source.stopCopyByteCount() == UInt64(bytes.count))
    #expect(try source.abilities() == .stopCopy)
  }

  @Test func thePackingForLinuxHasNoVectors() throws {
    let source = try nvme("packing=linux-rfc&queues=3&depth=64&seed=2&vendor-state=6")
    let bytes = try source.stopCopied()
    // Completion queues of 22 bytes, filled up to dwords.
    #expect(bytes.little(UInt16.self, at: 16) == (8 + 3 * 24 + 3 * 22 + 2) / 4)
    #expect(bytes.little(UInt16.self, at: 18) == 6)
    #expect(bytes.count == 20 + 148 + 24)
    #expect(try #require(Layout.named("nvme-linux-rfc")).dissect(bytes).findings.isEmpty)
    let target = try nvme("packing=linux-rfc&vendor-state=4")
    #expect(target.refusal(of: bytes) == nil)
    #expect(target.model.digest == source.model.digest)
    #expect(try target.stopCopied() == bytes)
    #expect(
      try nvme("vendor-state=4").refusal(of: bytes) == DeviceError(.commit, .invalid))
  }

  @Test(arguments: seeds(16))
  func whatWasLoadedIsHandedOutAgain(seed: UInt64) throws {
    let source = try nvme("queues=\(seed)&seed=\(seed)&vendor-state=\(seed < 4 ? 0 : seed)")
    let whole = try source.stopCopied()
    let target = try nvme("seed=99&vendor-state=4")
    try target.load(whole, step: steps(seed, upTo: 100))
    #expect(target.model.digest == source.model.digest)
    #expect(try target.stopCopied() == whole)
  }

  private static let refused: [(source: String, target: String)] = [
    ("max-queues=32&queues=17", ""), ("depth=512&max-depth=512", "max-depth=511&depth=2"),
    ("vectors=17", "vectors=3"), ("version=1", ""), ("vendor-state=8", ""),
    ("vendor-state=8&vendor=2", "vendor-state=8"),
  ]

  @Test(arguments: 0..<refused.count)
  func theControllerRefusesWithEIO(index: Int) throws {
    let (source, target) = Self.refused[index]
    #expect(
      try nvme(target).refusal(of: try nvme(source).stopCopied())
        == DeviceError(.commit, .inputOutput))
    #expect(try nvme(source).refusal(of: try nvme(source).stopCopied()) == nil)
  }

  private static let changes: [(offset: Int, value: UInt8, number: LinuxErrno?)] = [
    (2, 0, .inputOutput), (0, 1, .inputOutput), (48, 1, .inputOutput), (16, 9, .invalid),
    (24, 1, .invalid), (32, 1, .invalid), (50, 9, .invalid), (3, 9, nil),
    // Of the first submission queue: not contiguous, a priority, no such completion queue, a head
    // behind the end.
    (56 + 14, 0, .inputOutput), (56 + 14, 3, .inputOutput), (56 + 12, 9, .inputOutput),
    (56 + 17, 1, .inputOutput), (56 + 10, 2, .inputOutput), (56 + 10, 0, .inputOutput),
    // Of the first completion queue: not contiguous, another's number.
    (56 + 4 * 24 + 16, 2, .inputOutput), (56 + 4 * 24 + 10, 2, .inputOutput),
  ]

  @Test(arguments: 0..<changes.count)
  func aStateThatIsUnsoundIsRefusedAtTheEnd(index: Int) throws {
    let (offset, value, number) = Self.changes[index]
    var bytes = try nvme("queues=4&seed=1").stopCopied()
    bytes[offset] = value
    #expect(
      try nvme().refusal(of: bytes) == number.map { DeviceError(.commit, $0) })
  }

  @Test func prioritiesAndScatteredQueuesNeedAControllerThatHasThem() throws {
    var bytes = try nvme("queues=4&seed=1").stopCopied()
    bytes[56 + 14] = 2
    #expect(try nvme("wrr=yes").refusal(of: bytes)?.errno == .inputOutput)
    #expect(try nvme("contiguous=no").refusal(of: bytes)?.errno == .inputOutput)
    #expect(try nvme("wrr=yes&contiguous=no").refusal(of: bytes) == nil)
  }

  @Test func lengthsAreTheDrivers() throws {
    let bytes = try nvme("seed=1").stopCopied()
    for count in [0, 47, 48, bytes.count - 1] {
      #expect(try nvme().refusal(of: Array(bytes[..<count])) == DeviceError(.commit, .invalid))
    }
    #expect(try nvme().refusal(of: bytes + [0]) == DeviceError(.commit, .invalid))
    #expect(
      try nvme().refusal(of: [UInt8](repeating: 0, count: 256 << 10 + 1))
        == DeviceError(.writeData(at: 0), .outOfMemory))
  }

  @Test(arguments: seeds(200))
  func nothingCrashesIt(seed: UInt64) throws {
    var random = SplitMix64(seed: seed)
    var bytes = try nvme("seed=\(seed)&vendor-state=5").stopCopied()
    for _ in 0..<Int.random(in: 1...4, using: &random) {
      bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(
        in: 0...255, using: &random)
    }
    let target = try nvme("vendor-state=5")
    if let refusal = target.refusal(of: bytes) {
      #expect([.invalid, .inputOutput].contains(refusal.errno))
    }
  }

  @Test(arguments: [
    "queues=17", "depth=1", "vendor-state=3", "depth=2000", "wrr=maybe",
    "packing=linux-rfc&queues=89&max-queues=89", "packing=linux-rfc&vendor-state=1025",
  ])
  func aControllerThatCannotBeIsNoName(parameters: String) {
    #expect(throws: DeviceURI.Malformed.self) { try nvme(parameters) }
  }

  @Test func enginesTakeItFromDeviceToDevice() throws {
    let target = try nvme("seed=5")
    _ = try replay(try stream(of: "emulated:nvme?seed=6"), onto: [target])
    #expect(target.model.digest == (try nvme("seed=6")).model.digest)
    #expect(target.model.facts.nvme?.queueCount == 16)
  }
}
