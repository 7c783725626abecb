import ArgumentParser
import StreamIO

/// `--device`: a device by its number or by its name.
struct DeviceSelector: ExpressibleByArgument, CustomStringConvertible {
  let text: String

  init?(argument: String) {
    guard !argument.isEmpty else { return nil }
    text = argument
  }

  var description: String { text }

  /// Whether this is the device with this number and name; a name is asked first, so that a device called `1` is found.
  func number(among names: [String?], in path: String) throws -> UInt16 {
    if let number = names.firstIndex(of: text) { return UInt16(number) }
    if let number = UInt16(text), Int(number) < names.count { return number }
    let known = names.enumerated().map { index, name in
      name.map { "\(index) (\(Printable.text($0)))" } ?? "\(index)"
    }
    throw CommandError.no(
      "\(path): expected one of the devices \(known.joined(separator: ", ")), found no '\(text)'")
  }
}
