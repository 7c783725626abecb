import StreamIO

/// A device of a stream, as users name it: by its number or by its name.
public struct DeviceSelector: Sendable, Hashable, CustomStringConvertible {
  /// The text that the user gave.
  public let text: String

  /// Takes any text that is not empty.
  public init?(_ text: some StringProtocol) {
    guard !text.isEmpty else { return nil }
    self.text = String(text)
  }

  public var description: String { text }

  // As many as an error can name and still be read.
  private static let namedCount = 16

  /// Whether this is `device`, if the devices introduced so far have these names.
  ///
  /// A name comes before a number, so that a device called `1` is found.
  public func means(_ device: UInt16, among names: [String?]) -> Bool {
    if let named = names.firstIndex(of: text) { return named == device }
    return "\(device)" == text
  }

  /// Whether this may be a device, as long as not all names are known.
  public func mayMean(_ device: Int, named name: String) -> Bool {
    name == text || "\(device)" == text
  }

  /// The number of the device that is meant, among the devices with these names; `path` is the file
  /// that holds them, for the error.
  ///
  /// - Throws: `InputError` with cause `absent` that lists the devices, or those of the name if it
  ///   is not one's alone.
  public func number(among names: [String?], in path: String) throws(InputError) -> UInt16 {
    let numbers = (0 as UInt16)..<UInt16(names.count)
    let named = numbers.filter { names[Int($0)] == text }
    guard named.count < 2 else {
      var list = named.prefix(Self.namedCount).map(String.init)
      if named.count > list.count { list.append("…") }
      throw InputError(
        path,
        .absent(
          expected: "one device '\(text)'",
          found: "\(named.count) (\(list.joined(separator: ", "))); choose one by its number"))
    }
    if let number = numbers.first(where: { means($0, among: names) }) { return number }
    var known = names.prefix(Self.namedCount).enumerated().map { index, name in
      name.map { "\(index) (\($0))" } ?? "\(index)"
    }
    if names.count > known.count { known.append("… (\(names.count) in all)") }
    throw InputError(
      path,
      names.isEmpty
        ? .absent(expected: "the device '\(text)'", found: "no device")
        : .absent(
          expected: "one of the devices \(known.joined(separator: ", "))",
          found: "no '\(text)'"))
  }
}

/// A device of a stream in a file, `F.dms#DEVICE`; with `:guest` behind it, what its guest sees.
public struct DeviceReference: Sendable, Hashable {
  /// The file of the stream.
  public let path: String
  /// The device.
  public let selector: DeviceSelector
  /// Whether `:guest` was asked for, of a name that is parsed with it.
  public let isGuestsView: Bool

  /// Reads `F#DEVICE`, or `F#DEVICE:guest` if `hasView`; nil for a name without a device, and for
  /// that of a file that there is.
  public init?(_ name: String, hasView: Bool = false) {
    guard let hash = name.lastIndex(of: "#"), !InputFile.isThere(name) else { return nil }
    var device = name[name.index(after: hash)...]
    isGuestsView = hasView && device.hasSuffix(":guest")
    if isGuestsView { device = device.dropLast(":guest".count) }
    guard let selector = DeviceSelector(device) else { return nil }
    self.selector = selector
    path = String(name[..<hash])
  }
}
