import Inputs
import Testing

/// Devices of streams, by name.
@Suite struct DeviceReferenceTests {
  @Test func aReferenceHasAFileAndADevice() throws {
    let reference = try #require(DeviceReference("a#b.dms#eth0"))
    #expect(reference.path == "a#b.dms")
    #expect(reference.selector.text == "eth0")
    #expect(!reference.isGuestsView)
  }

  @Test func aDeviceMayBeginWithACombiningScalar() throws {
    let reference = try #require(DeviceReference("a.dms#\u{301}"))
    #expect(reference.path == "a.dms")
    #expect(reference.selector.text == "\u{301}")
  }

  @Test(arguments: ["a.dms", "a.dms#", ""])
  func aNameWithoutADeviceIsNone(name: String) {
    #expect(DeviceReference(name) == nil)
  }

  @Test func theViewOfTheGuestIsReadOnlyIfItIsAskedFor() throws {
    let view = try #require(DeviceReference("a.dms#0:guest", hasView: true))
    #expect(view.isGuestsView)
    #expect(view.selector.text == "0")
    let name = try #require(DeviceReference("a.dms#0:guest"))
    #expect(!name.isGuestsView)
    #expect(name.selector.text == "0:guest")
    #expect(DeviceReference("a.dms#:guest", hasView: true) == nil)
  }

  @Test(arguments: [("0", 0), ("1", 2), ("b", 1), ("2", 2)] as [(String, UInt16)])
  func aNameComesBeforeANumber(text: String, number: UInt16) throws {
    let selector = try #require(DeviceSelector(text))
    let names = ["a", "b", "1"]
    #expect(try selector.number(among: names, in: "f") == number)
    #expect(selector.mayMean(Int(number), named: names[Int(number)]))
  }

  /// A file may list more devices than a stream can have; those beyond have no number.
  @Test func ofMoreDevicesThanNumbersTheFirstAreFound() throws {
    let count = Int(UInt16.max) + 3
    var names = [String?](repeating: nil, count: count)
    names[Int(UInt16.max) - 1] = "last"
    names[count - 1] = "beyond"
    #expect(try #require(DeviceSelector("last")).number(among: names, in: "f") == UInt16.max - 1)
    #expect(try #require(DeviceSelector("65534")).number(among: names, in: "f") == 65534)
    for text in ["beyond", "65535", "65537", "65538"] {
      let selector = try #require(DeviceSelector(text))
      #expect {
        try selector.number(among: names, in: "f")
      } throws: {
        "\($0)".hasSuffix("… (65538 in all), found no '\(text)'")
      }
    }
  }

  @Test func aDeviceThatIsNotThereIsRefusedWithThoseThatAre() throws {
    let selector = try #require(DeviceSelector("c"))
    let names = (0..<20).map { $0 == 1 ? nil : "d\($0)" }
    #expect {
      try selector.number(among: names, in: "f.dms")
    } throws: { error in
      let text = "\(error)"
      return text.hasPrefix("f.dms: expected one of the devices 0 (d0), 1, 2 (d2), ")
        && text.hasSuffix("15 (d15), … (20 in all), found no 'c'")
    }
  }
}
