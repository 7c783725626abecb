/// Where a peer listens: `unix:PATH`, `HOST:PORT` or `[IPV6]:PORT`.
public enum NetworkAddress: Sendable, Hashable {
  /// A Unix socket at a path.
  case unix(path: String)
  /// A port of a host, which is a name or a numeric address; port 0 lets the system choose one.
  case tcp(host: String, port: UInt16)

  /// A text that names no address.
  public struct Malformed: Error, Sendable, Hashable, CustomStringConvertible {
    /// The text.
    public let text: String

    public var description: String {
      "\(text): expected unix:PATH, HOST:PORT or [IPV6]:PORT, with a port of 0 to 65535"
    }
  }

  /// Takes a text apart.
  public init(parsing text: String) throws(Malformed) {
    if text.hasPrefix("unix:") {
      let path = String(text.dropFirst(5))
      guard !path.isEmpty else { throw Malformed(text: text) }
      self = .unix(path: path)
      return
    }
    guard let colon = text.lastIndex(of: ":") else { throw Malformed(text: text) }
    var host = String(text[..<colon])
    let digits = text[text.index(after: colon)...]
    if host.hasPrefix("["), host.hasSuffix("]") {
      host = String(host.dropFirst().dropLast())
    } else if host.contains(":") {
      throw Malformed(text: text)
    }
    guard !host.isEmpty, !digits.isEmpty, digits.allSatisfy({ $0.isASCII && $0.isNumber }),
      let port = UInt16(digits)
    else { throw Malformed(text: text) }
    self = .tcp(host: host, port: port)
  }
}

extension NetworkAddress: CustomStringConvertible {
  public var description: String {
    switch self {
    case .unix(let path): "unix:\(path)"
    case .tcp(let host, let port): host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
    }
  }
}
