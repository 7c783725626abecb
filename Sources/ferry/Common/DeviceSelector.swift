import ArgumentParser
import Reports
import StreamIO

/// `--device`: a device by its number or by its name.
struct DeviceSelector: ExpressibleByArgument, CustomStringConvertible {
  let text: String

  init?(argument: String) {
    guard !argument.isEmpty else { return nil }
    text = argument
  }

  var description: String { text }

  // As many as an error can name and still be read.
  private static let namedCount = 16

  /// Whether this is `device`, where the devices introduced so far have these names.
  ///
  /// A name is asked first, so that a device called `1` is found.
  func means(_ device: UInt16, among names: [String?]) -> Bool {
    if let named = names.firstIndex(of: text) { return named == device }
    return "\(device)" == text
  }

  /// The number of the device that is meant.
  func number(among names: [String?], in path: String) throws -> UInt16 {
    let numbers = (0 as UInt16)..<UInt16(names.count)
    if let number = numbers.first(where: { means($0, among: names) }) { return number }
    var known = names.prefix(Self.namedCount).enumerated().map { index, name in
      name.map { "\(index) (\(TerminalText.text($0)))" } ?? "\(index)"
    }
    if names.count > known.count { known.append("… (\(names.count) in all)") }
    throw CommandError.no(
      "\(path): expected one of the devices \(known.joined(separator: ", ")), found no '\(text)'")
  }
}
