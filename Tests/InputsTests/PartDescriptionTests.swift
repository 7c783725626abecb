import Inputs
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
}
