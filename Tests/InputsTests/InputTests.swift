import ByteIO
import Inputs
import MigrationStream
import PCIConfig
import QEMUStream
import StateLayout
import TestSupport
import Testing

/// What files hold, by the names that users give.
@Suite struct InputTests {
  private static func path(_ name: String) -> String { Corpus.root + "/corpora/" + name }

  private static func bytes(_ input: StateInput) throws -> [UInt8] {
    try input.bytes(limit: 1 << 20)
  }

  @Test func aStateIsAFileOrADeviceOfAStream() throws {
    let file = try StateInput(Self.path("mtty/mtty2-5.state"))
    let device = try StateInput(Self.path("streams/mtty-precopy.dms#0"))
    #expect(file.driver == nil)
    #expect(device.driver == "mtty")
    for input in [file, device] {
      #expect(try Self.bytes(input).count == Int(input.source.byteCount))
      #expect(try input.detection().best?.layout.name == "mtty")
    }
  }

  @Test(arguments: ["mtty/mtty2-5.state", "streams/mtty-precopy.dms#0"])
  func aStateIsReadWholeOrNotAtAll(name: String) throws {
    let input = try StateInput(Self.path(name))
    let count = Int(input.source.byteCount)
    #expect(try input.bytes(limit: count).count == count)
    let error = #expect(throws: InputError.self) { try input.bytes(limit: count - 1) }
    #expect(
      error?.description
        == "\(Self.path(name)): expected at most \(count - 1) bytes of state, found \(count)")
  }

  @Test func aStateOfATornStreamIsRefused() {
    #expect {
      _ = try StateInput(Self.path("streams/torn.dms#0"))
    } throws: { error in
      if case .file = (error as? InputError)?.cause { true } else { false }
    }
  }

  @Test func aSpaceIsADumpOrADeviceOfAStream() throws {
    let dump = try ConfigSpaceInput.dump(Self.path("mtty/mtty1-1.config"))
    #expect(dump.devices.count == 1)
    let device = try ConfigSpaceInput.dump(Self.path("streams/private-records.dms#0"))
    #expect(device.devices.first?.space.byteCount == 255)
    #expect(device.devices.first?.space.vendorID == 0x4348)
  }

  @Test(arguments: ["private-records.dms#1", "private-records.dms#0:guest", "raw.dms#4"])
  func aSpaceThatIsNotThereIsRefused(name: String) {
    #expect {
      _ = try ConfigSpaceInput.dump(Self.path("streams/" + name))
    } throws: { error in
      if case .absent = (error as? InputError)?.cause { true } else { false }
    }
  }

  @Test func aReplacementHasTheWholeStateOfItsDevice() throws {
    let name = Self.path("streams/private-records.dms#1")
    var replacement = try ReplacementInput(name)
    #expect(replacement.preCopyByteCount == 24)
    #expect(replacement.stopCopyByteCount == 72)
    #expect(replacement.device.introduction.identity.driver == "mtty")
    #expect(replacement.device.framing == nil)
    var buffer = ByteBuffer()
    try replacement.state.read(into: &buffer, upTo: 1000)
    #expect(try [UInt8](buffer.bytes) == Self.bytes(StateInput(name)))
  }

  @Test func ofSeveralDevicesAReplacementNamesOne() {
    #expect {
      _ = try ReplacementInput(Self.path("streams/private-records.dms"))
    } throws: { error in
      "\(error)".contains("expected one device, found 2; name one as ")
    }
  }
}
