import ByteIO
import Glibc
import Inputs
import MigrationStream
import StreamIO
import TestSupport
import Testing

/// Parts of devices, as `--part` has them.
@Suite struct PartDescriptionTests {
  @Test func aPartHasEverythingThatItSays() throws {
    let part = try #require(
      PartDescription(
        #"state=a\,b\\,config=c,pasid=-,driver=mtty,name=\n,ids=4348:3253,precopy=1K"#))
    #expect(part.statePath == #"a,b\"#)
    #expect(part.configurationPath == "c")
    #expect(part.pasidPath == "-")
    #expect(part.driver == "mtty")
    #expect(part.name == #"\n"#)
    #expect(part.ids?.vendor == 0x4348 && part.ids?.device == 0x3253)
    #expect(part.preCopyByteCount == 1024)
  }

  @Test func signsAreScalarsAndNotCharacters() throws {
    let part = try #require(PartDescription("state=\u{301},name=a\\,\u{301}"))
    #expect(part.statePath == "\u{301}")
    #expect(part.name == "a,\u{301}")
  }

  @Test(arguments: [
    "", "state=", "driver=x", "state", "state=a,state=b", "state=a,colour=red", "state=a,ids=1",
    "state=a,precopy=x", "state=a,,",
  ])
  func whatIsNoPartIsRefused(text: String) {
    #expect(PartDescription(text) == nil)
  }

  // MARK: Parts

  private static let space = Corpus.root + "/corpora/mtty/mtty2-5.config"

  @Test func aPartHasTheIdsOfItsSpaceUnlessOthersAreSaid() throws {
    let pasids = PASIDTable(domains: [], bindings: [])
    let part = try #require(PartDescription("state=-,config=\(Self.space),driver=mtty,precopy=7"))
      .part(number: 3, pasids: pasids, hasAnyConfiguration: false)
    #expect(part.introduction.number == 3)
    #expect(part.introduction.identity.driver == "mtty")
    #expect(part.introduction.identity.pci?.vendorID == 0x4348)
    #expect(part.introduction.identity.pci?.deviceID == 0x3253)
    #expect(part.introduction.configuration?.physical?.count == 255)
    #expect(part.introduction.pasids == pasids)
    #expect(part.statePath == "-" && part.preCopyByteCount == 7)
    let named = try #require(PartDescription("state=-,config=\(Self.space),ids=0001:0002"))
      .part(number: 0, pasids: nil, hasAnyConfiguration: false)
    #expect(
      named.introduction.identity.pci
        == DeviceIdentity.PCIIdentity(vendorID: 1, deviceID: 2))
    let bare = try #require(PartDescription("state=-")).part(
      number: 0, pasids: nil, hasAnyConfiguration: false)
    #expect(bare.introduction.identity.pci == nil && bare.introduction.configuration == nil)
  }

  /// Bytes that are no space are taken only on request.
  @Test func aSpaceThatNoFunctionHasIsRefused() throws {
    var bytes = try Corpus.bytes("mtty/mtty2-5.config") + [0]
    // A capability that points to itself, in a list that Status says is there.
    bytes[0x06] |= 0x10
    bytes[0x34] = 0x40
    bytes[0x40] = 0x01
    bytes[0x41] = 0x40
    var template = Array("/tmp/ferry-space-XXXXXX".utf8CString)
    let descriptor = mkstemp(&template)
    try #require(descriptor >= 0)
    close(descriptor)
    let path = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
    defer { unlink(path) }
    var file = try OutputFile(path: path)
    try file.write(bytes.span.raw)
    try file.finish()
    let description = try #require(PartDescription("state=-,config=\(path)"))
    let error = #expect(throws: InputError.self) {
      try description.part(number: 0, pasids: nil, hasAnyConfiguration: false).statePath
    }
    guard case .space = error?.cause else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect("\(error.map { "\($0)" } ?? "")".contains("--any-config takes them all the same"))
    let part = try description.part(number: 0, pasids: nil, hasAnyConfiguration: true)
    #expect(part.introduction.configuration?.physical == bytes)
  }

  @Test func standardInputIsCounted() {
    #expect(PartDescription("state=-")?.standardInputCount == 1)
    #expect(PartDescription("state=-,config=-,pasid=-")?.standardInputCount == 3)
    #expect(PartDescription("state=a,config=b")?.standardInputCount == 0)
  }
}
