/// How a device is named on a command line: `emulated:mtty?ports=2`, `vfio:0000:3b:00.1`,
/// `fd:5?iommufd=6&devid=1`.
public struct DeviceURI: Sendable, Hashable {
  /// What stands before the first colon.
  public let scheme: String
  /// What stands between it and the question mark, decoded.
  public let path: String
  /// What stands behind the question mark, in its order, decoded.
  public let parameters: [Parameter]
  /// The name as it was given.
  public let text: String

  /// `key=value`.
  public struct Parameter: Sendable, Hashable {
    /// What stands before the equals sign, decoded.
    public let key: String
    /// What stands behind it, decoded.
    public let value: String
  }

  /// Why a text is no device's name.
  public struct Malformed: Error, Sendable, Hashable, CustomStringConvertible {
    /// The name as it was given.
    public let text: String
    /// What was expected and found.
    public let reason: String
    public var description: String { "\(text): \(reason)" }

    /// A refusal of `text` for a reason.
    public init(_ text: String, _ reason: String) {
      self.text = text
      self.reason = reason
    }
  }

  /// Takes a name apart; which schemes and parameters there are is for whoever opens it.
  public init(parsing text: String) throws(Malformed) {
    self.text = text
    // By scalars, for one that combines with the sign before it may begin a path.
    let scalars = text.unicodeScalars
    guard let colon = scalars.firstIndex(of: ":"), colon != scalars.startIndex else {
      throw Malformed(text, "expected a device as SCHEME:NAME, as in emulated:mtty?ports=2")
    }
    scheme = String(text[..<colon])
    let rest = scalars[scalars.index(after: colon)...]
    let mark = rest.firstIndex(of: "?") ?? rest.endIndex
    path = Self.decoded(rest[..<mark])
    guard !path.isEmpty else { throw Malformed(text, "expected a name behind '\(scheme):'") }
    var parameters: [Parameter] = []
    for part in rest[mark...].dropFirst().split(separator: "&") {
      guard let equals = part.firstIndex(of: "="), equals != part.startIndex else {
        throw Malformed(text, "expected KEY=VALUE, found '\(String(part))'")
      }
      parameters.append(
        Parameter(
          key: Self.decoded(part[..<equals]),
          value: Self.decoded(part[part.index(after: equals)...])))
    }
    self.parameters = parameters
  }

  /// Two hexadecimal digits behind a percent sign are a byte (RFC 3986, 2.1); a percent sign alone
  /// is itself, as in `5%`.
  private static func decoded(_ text: Substring.UnicodeScalarView) -> String {
    let bytes = [UInt8](Substring(text).utf8)
    var result: [UInt8] = []
    var index = 0
    while index < bytes.count {
      if bytes[index] == UInt8(ascii: "%"), index + 2 < bytes.count,
        let high = Character(UnicodeScalar(bytes[index + 1])).hexDigitValue,
        let low = Character(UnicodeScalar(bytes[index + 2])).hexDigitValue
      {
        result.append(UInt8(high << 4 | low))
        index += 3
      } else {
        result.append(bytes[index])
        index += 1
      }
    }
    return String(decoding: result, as: UTF8.self)
  }
}

extension DeviceURI: CustomStringConvertible {
  public var description: String { text }
}
