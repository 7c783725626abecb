import ByteIO
import Transport

extension ConnectionSecurity {
  /// What a report says behind "connection".
  var text: String {
    switch self {
    case .none: "without TLS"
    case .tls13(let names):
      names.isEmpty
        ? "with TLS 1.3, the peer's certificate without a name"
        : "with TLS 1.3, the peer's certificate for "
          + TerminalText.text(names.map { "\($0)" }.joined(separator: ", "))
    }
  }

  /// The same.
  var json: JSONValue {
    switch self {
    case .none: ["protocol": .string("none")]
    case .tls13(let names):
      ["protocol": .string("TLS 1.3"), "peerNames": .strings(names.map { "\($0)" })]
    }
  }
}
