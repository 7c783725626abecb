private import ByteIO

/// A device in parts, as users name them:
/// `state=F[,config=F][,pasid=F][,driver=NAME][,name=NAME][,ids=VVVV:DDDD][,precopy=N]`.
public struct PartDescription: Sendable, Hashable {
  /// The file of the device's state.
  public let statePath: String
  /// The file of its configuration space.
  public let configurationPath: String?
  /// The file of its PASID bindings.
  public let pasidPath: String?
  /// The name of its driver in the kernel.
  public let driver: String?
  /// The name that it gets in the stream.
  public let name: String?
  /// Its ids, if they are said.
  public let ids: IDs?
  /// How many bytes of the state were read while the device ran.
  public let preCopyByteCount: UInt64

  /// A vendor and a device of PCI.
  public struct IDs: Sendable, Hashable {
    /// The vendor's id.
    public let vendor: UInt16
    /// The device's id, of the vendor's.
    public let device: UInt16
  }

  /// The keys of the values.
  public static let keys = fileKeys + ["driver", "name", "ids", "precopy"]
  /// Those whose values are files.
  public static let fileKeys = ["state", "config", "pasid"]

  /// The format's limit on text, in bytes.
  private static let textLimit = 1024

  /// Reads the values, each at most once and none of them empty, with a comma between two and a
  /// backslash before a comma that is part of one; nil for any other text.
  public init?(_ text: String) {
    var values: [String: String] = [:]
    for part in Self.split(text.unicodeScalars) {
      guard let equals = part.firstIndex(of: "=") else { return nil }
      let key = String(part[..<equals])
      let value = String(part[part.index(after: equals)...])
      guard Self.keys.contains(key), values[key] == nil, !value.isEmpty else { return nil }
      values[key] = value
    }
    guard let state = values["state"] else { return nil }
    for key in ["name", "driver"] where (values[key]?.utf8.count ?? 0) > Self.textLimit {
      return nil
    }
    statePath = state
    configurationPath = values["config"]
    pasidPath = values["pasid"]
    driver = values["driver"]
    name = values["name"]
    if let ids = values["ids"] {
      guard let (vendor, device) = idPair(parsing: ids) else { return nil }
      self.ids = IDs(vendor: vendor, device: device)
    } else {
      ids = nil
    }
    if let preCopy = values["precopy"] {
      guard let count = UInt64(byteCount: preCopy) else { return nil }
      preCopyByteCount = count
    } else {
      preCopyByteCount = 0
    }
  }

  /// Commas separate, and a backslash before one makes it part of a value, whatever character
  /// the scalar behind it would make of them.
  private static func split(_ text: String.UnicodeScalarView) -> [String.UnicodeScalarView] {
    var parts = [String.UnicodeScalarView()]
    var isEscaped = false
    for scalar in text {
      if isEscaped {
        if scalar != ",", scalar != "\\" { parts[parts.count - 1].append("\\") }
        parts[parts.count - 1].append(scalar)
        isEscaped = false
      } else if scalar == "\\" {
        isEscaped = true
      } else if scalar == "," {
        parts.append(String.UnicodeScalarView())
      } else {
        parts[parts.count - 1].append(scalar)
      }
    }
    if isEscaped { parts[parts.count - 1].append("\\") }
    return parts
  }
}
