import Devices
import EmulatedDevices
import Testing

/// Names of emulated devices, as far as they are written.
@Suite struct CompletionTests {
  private static func names(after text: String) -> [String] {
    EmulatedDevice.completions(of: text).map(\.name)
  }

  @Test(arguments: ["", "em", "emulated:"])
  func everyFamilyIsOffered(text: String) {
    #expect(Self.names(after: text) == EmulatedFamily.all.map { "emulated:" + $0.name })
  }

  @Test(arguments: [
    ("emulated:q", ["emulated:qat"]),
    ("vfio:", []),
    ("emulated:none?", []),
    ("emulated:none", []),
    ("emulated:mtty?po", ["emulated:mtty?ports=1", "emulated:mtty?ports=2"]),
    ("emulated:mtty?ports=2", ["emulated:mtty?ports=2"]),
    ("emulated:mtty?ports=2&te", ["emulated:mtty?ports=2&text="]),
    ("emulated:mtty?ports=2&po", []),
    (
      "emulated:mtty?text=x&fail=1&f",
      ["emulated:mtty?text=x&fail=1&file=", "emulated:mtty?text=x&fail=1&fail="]
    ),
    ("emulated:synthetic?p2p", ["emulated:synthetic?p2p=no"]),
    ("emulated:qat?device=40", ["emulated:qat?device=401xx", "emulated:qat?device=402xx"]),
    ("emulated:mtty?ports=2?te", []),
  ])
  func namesGoOnFromWhatIsWritten(text: String, names: [String]) {
    #expect(Self.names(after: text) == names)
  }

  @Test(arguments: EmulatedFamily.all.map(\.name))
  func everyOfferedParameterIsOneOfTheFamily(family: String) {
    for completion in EmulatedDevice.completions(of: "emulated:\(family)?") {
      #expect(!completion.summary.isEmpty)
      let isWhole = !completion.name.hasSuffix("=")
      do {
        // Any value tells whether there is such a key.
        let name = isWhole ? completion.name : completion.name + "1"
        _ = try EmulatedDevice(DeviceURI(parsing: name), mayBeKept: true)
      } catch {
        #expect(!isWhole && !"\(error)".contains("has no parameter"))
      }
    }
  }
}
