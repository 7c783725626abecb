import DeviceTestSupport
import Devices
import EmulatedDevices
import StateLayout
import StateTranslation
import TestSupport
import Testing

@Suite struct PDSTests {
  private func pds(_ parameters: String = "") throws -> EmulatedDevice {
    try device("emulated:pds?\(parameters)")
  }

  @Test(arguments: seeds(8), [64, 20480, 65536])
  func whatWasLoadedIsHandedOutAgain(seed: UInt64, size: Int) throws {
    let source = try pds("size=\(size)&seed=\(seed)")
    let blob = try source.stopCopied()
    #expect(blob.count == size)
    #expect(try source.stopCopyByteCount() == 65536)
    #expect(try source.abilities() == [.stopCopy, .peerToPeer])
    let target = try pds("seed=99")
    try target.load(blob, step: steps(seed, upTo: 5000))
    #expect(target.model.digest == source.model.digest)
    #expect(try target.stopCopied() == blob)
    // Zeros behind it are what the firmware is given anyway.
    #expect(target.refusal(of: blob + [UInt8](repeating: 0, count: 65536 - size)) == nil)
  }

  @Test func whatDoesNotFitIsTakenInPartAndThenEINVAL() throws {
    let channel = try pds().opened(.resuming)
    #expect(try channel.write([UInt8](repeating: 0, count: 65000)) == 65000)
    #expect(try channel.write([UInt8](repeating: 0, count: 1000)) == 536)
    #expect(number { _ = try channel.write([0]) } == .invalid)
  }

  @Test func theFirmwareRefusesWhenItIsGivenTheBlob() throws {
    let blob = try pds("size=4096").stopCopied()
    let target = try pds()
    let before = target.model.digest
    #expect(target.refusal(of: Array(blob[..<4000])) == DeviceError(.commit, .inputOutput))
    try target.reset()
    for offset in [0, 4, 11] {
      var other = blob
      other[offset] ^= 0x80
      #expect(target.refusal(of: other) == DeviceError(.commit, .invalid))
      try target.reset()
    }
    #expect(target.refusal(of: []) == DeviceError(.commit, .invalid))
    #expect(try pds("firmware=2").refusal(of: blob) == DeviceError(.commit, .invalid))
    #expect(target.model.digest != before)
  }

  @Test(arguments: ["size=0", "size=65", "size=65540", "firmware=x", "precopy=no"])
  func aFunctionThatCannotBeIsNoName(parameters: String) {
    #expect(throws: DeviceURI.Malformed.self) { try pds(parameters) }
  }

  @Test func enginesTakeItFromDeviceToDevice() throws {
    let target = try pds("seed=5")
    _ = try replay(try stream(of: "emulated:pds?seed=6"), onto: [target])
    #expect(target.model.digest == (try pds("seed=6")).model.digest)
    #expect(target.model.facts.firmware == "1")
  }
}
