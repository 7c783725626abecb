import FuzzSupport
import Reports
import VirtualPCI

/// The entry point of libFuzzer.
///
/// An input is the text of a profile. What must hold: no crash; a profile that is accepted has a
/// map that covers every byte once, comes back from the writer and from `freeze` with the same
/// layout, and can be asked of any device and served.
@c(LLVMFuzzerTestOneInput)
public func fuzzProfile(bytes: UnsafePointer<UInt8>?, count: Int) -> CInt {
  guard let bytes, count > 0 else { return -1 }
  let text = [UInt8](UnsafeBufferPointer(start: bytes, count: count))
  guard let profile = try? Profile(parsing: text), let layout = try? ProfileLayout(profile) else {
    return 0
  }
  require(
    AccessMap(layout).ranges.reduce(0) { $0 + $1.length } == layout.byteCount,
    "the map covers every byte once")
  require(!ProfileExplanation(layout).text.isEmpty, "a layout has an explanation")
  for copy in [profile.yaml(), (try? Profile.freeze(text)) ?? ""] {
    let again = try? ProfileLayout(Profile(parsing: [UInt8](copy.utf8)))
    require(again?.digest == layout.digest, "written again, the profile is another:\n\(copy)")
  }
  checkThatItCanBeServed(layout)
  return 0
}
