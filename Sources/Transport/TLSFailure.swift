/// Why a connection has no TLS, or has it no longer.
public enum TLSFailure: Error, Sendable, Hashable {
  /// The peer's certificate will not do here.
  case certificate(expected: String, found: String)
  /// The peer has ended it with an alert of TLS, by its number (RFC 8446, 6).
  case alert(UInt8)
  /// What came is not the TLS that is spoken here.
  case handshake(expected: String, found: String)
  /// The connection was cut: it ended without TLS's word that this is the end.
  case cut
}

extension TLSFailure: CustomStringConvertible {
  public var description: String {
    switch self {
    case .certificate(let expected, let found), .handshake(let expected, let found):
      "expected \(expected), found \(found)"
    case .alert(let number):
      "the peer ended it with the TLS alert \(Self.name(ofAlert: number))"
    case .cut: "the connection was cut: it ended without TLS's end"
    }
  }

  /// The name of an alert, with the meaning of those that a certificate brings about.
  static func name(ofAlert number: UInt8) -> String {
    switch number {
    case 10: "unexpected_message"
    case 20: "bad_record_mac"
    case 40: "handshake_failure"
    case 42: "bad_certificate: it will not have this side's certificate"
    case 43: "unsupported_certificate: it will not have this side's certificate"
    case 44: "certificate_revoked: this side's certificate was revoked"
    case 45: "certificate_expired: this side's certificate has expired, or is not yet valid"
    case 46: "certificate_unknown: it will not have this side's certificate"
    case 47: "illegal_parameter"
    case 48: "unknown_ca: this side's certificate is not from an authority that it knows"
    case 49: "access_denied"
    case 50: "decode_error"
    case 51:
      "decrypt_error: a signature of this side's certificate or handshake does not hold there"
    case 70: "protocol_version: it does not speak TLS 1.3"
    case 71: "insufficient_security"
    // BoringSSL has no other for what the program finds that uses it.
    case 80: "internal_error: it may expect other names in this side's certificate"
    case 90: "user_canceled"
    case 109: "missing_extension"
    case 112: "unrecognized_name"
    case 116: "certificate_required: it wants a certificate of this side"
    default: "number \(number)"
    }
  }
}
