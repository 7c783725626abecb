import ByteIO

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
    // Devices of a stream have numbers of 16 bits; a file of another kind may list more.
    let numbers = (0 as UInt16)..<UInt16(clamping: names.count)
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
    if let number = named.first ?? UInt16(text), numbers.contains(number),
      means(number, among: names)
    {
      return number
    }
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

  /// Reads `F#DEVICE`, or `F#DEVICE:guest` if `hasView`; nil for a name without a device.
  ///
  /// The last `#` counts, whatever files there are.
  public init?(_ name: String, hasView: Bool = false) {
    guard let hash = name.unicodeScalars.lastIndex(of: "#") else { return nil }
    self.init(name, hash: hash, hasView: hasView)
  }

  private init?(_ name: String, hash: String.Index, hasView: Bool) {
    var device = Substring(name.unicodeScalars[hash...].dropFirst())
    isGuestsView = hasView && device.hasSuffix(":guest")
    if isGuestsView { device = device.dropLast(":guest".count) }
    guard let selector = DeviceSelector(device) else { return nil }
    self.selector = selector
    path = String(name.unicodeScalars[..<hash])
  }

  // So many are looked for a file before them; a name with more is long for a path.
  private static let hashLimit = 64

  /// The device that `name` means among the files that there are; nil if it means a file.
  ///
  /// Names of files and of devices may have a `#` too: a file of the whole name is meant if there
  /// is one, else the last `#` with a file before it counts, else the last of all.
  ///
  /// - Throws: `InputError` with cause `ambiguous` if both the whole name and what stands before a
  ///   `#` in its last part are files.
  static func named(
    _ name: String, hasView: Bool = false
  ) throws(InputError) -> DeviceReference? {
    let scalars = name.unicodeScalars
    var hashes: [String.Index] = []
    for index in scalars.indices.reversed() where scalars[index] == "#" {
      hashes.append(index)
      if hashes.count == hashLimit { break }
    }
    let found = hashes.lazy.compactMap { Self(name, hash: $0, hasView: hasView) }
      .first { isThere($0.path) }
    guard !hashes.isEmpty, isThere(name) else { return found ?? Self(name, hasView: hasView) }
    // A # in the name of a folder is followed by the file's.
    if let found, !found.selector.text.unicodeScalars.contains("/") {
      throw InputError(name, .ambiguous(file: found.path, device: found.selector.text))
    }
    return nil
  }

  /// Whether a file, or the folder of a snapshot, has this name.
  private static func isThere(_ path: String) -> Bool {
    switch PathBytes(text: path).kind {
    case nil: false
    case .folder: RecognizedFile.isSnapshotFolder(path)
    case .regular, .other: true
    }
  }
}
