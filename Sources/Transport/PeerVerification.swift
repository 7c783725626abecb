#if TLS
  import ByteIO
  import Glibc
  import NIOCore
  import NIOSSL

  /// Holds what BoringSSL finds in the certificates of a peer, and their names, against the
  /// expectations of this side.
  ///
  /// BoringSSL builds and checks the chain; a refusal of either reaches the peer as an alert.
  final class PeerVerification {
    private let credentials: TLSCredentials
    private let names: [PeerName]?
    private weak var handler: NIOSSLHandler?
    /// The names of the certificate that will do; nil as long as none was seen.
    private(set) var acceptedNames: [PeerName]?
    /// The SHA-256 of that certificate.
    private(set) var acceptedDigest: [UInt8]?
    /// Why a certificate will not do.
    private(set) var refusal: TLSFailure?

    init(_ credentials: TLSCredentials, names: [PeerName]?) {
      self.credentials = credentials
      self.names = names
    }

    /// A TLS handler whose peers are held against the expectations.
    func handler(_ role: TLSSession.Role, _ context: NIOSSLContext) throws -> NIOSSLHandler {
      let handler = try Self.make(VerifyingHandlers.self, role, context) {
        [self] result, certificate in
        verify(result, certificate) ? .certificateVerified : .failed
      }
      self.handler = handler
      return handler
    }

    // SwiftNIO would have these initializers replaced by some that take BoringSSL's verification
    // out of use, and with it the alerts that tell the peer why. A call through the protocol is not
    // warned of.
    private static func make(
      _ type: (some HandlerMaking).Type, _ role: TLSSession.Role, _ context: NIOSSLContext,
      _ callback: @escaping NIOSSLVerificationCallback
    ) throws -> NIOSSLHandler { try type.make(role, context, callback) }

    /// Judges one certificate of the peer's chain, which come from the authority's to its own.
    private func verify(_ result: NIOSSLVerificationResult, _ certificate: NIOSSLCertificate)
      -> Bool
    {
      guard case .certificateVerified = result else {
        refusal = .certificate(
          expected: "a certificate of an authority in \(credentials.authorityFile)",
          found: fault(of: certificate))
        return false
      }
      guard certificate == handler?.peerCertificate else { return true }
      let found = certificate.peerNames
      guard let names, !names.contains(where: found.contains) else {
        acceptedNames = found
        acceptedDigest = (try? certificate.toDERBytes()).map(SHA256.hash)
        return true
      }
      let wanted = names.map { "\($0)" }.joined(separator: " or ")
      refusal = .certificate(
        expected: "a certificate with the name \(wanted)",
        found: found.isEmpty
          ? "one without a name (subject alternative name: DNS, IP or URI): \(certificate.subject)"
          : found.map { "\($0)" }.joined(separator: ", "))
      return false
    }

    /// What keeps a certificate from being verified, as far as it shows.
    private func fault(of certificate: NIOSSLCertificate) -> String {
      let now = time(nil)
      if certificate.notValidAfter < now {
        return "\(certificate.subject), which expired at \(Self.text(certificate.notValidAfter))"
      }
      if certificate.notValidBefore > now {
        return
          "\(certificate.subject), which is not valid before \(Self.text(certificate.notValidBefore))"
      }
      if certificate.issuerName == certificate.subjectName {
        return "\(certificate.subject), which has signed itself"
      }
      if credentials.authorities.contains(where: { $0.subjectName == certificate.issuerName }) {
        return
          "\(certificate.subject) by \(certificate.issuer), whose signature, uses or constraints do not hold"
      }
      return "\(certificate.subject) by \(certificate.issuer)"
    }

    private static func text(_ moment: time_t) -> String {
      var moment = moment
      var parts = unsafe tm()
      unsafe gmtime_r(&moment, &parts)
      let year = unsafe Int(parts.tm_year) + 1900
      let fields = unsafe [
        parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec,
      ]
      let two = fields.map { ($0 < 10 ? "0" : "") + "\($0)" }
      return "\(year)-\(two[0])-\(two[1])T\(two[2...].joined(separator: ":"))Z"
    }
  }

  private protocol HandlerMaking {
    static func make(
      _ role: TLSSession.Role, _ context: NIOSSLContext,
      _ callback: @escaping NIOSSLVerificationCallback
    ) throws -> NIOSSLHandler
  }

  private enum VerifyingHandlers: HandlerMaking {
    @available(*, deprecated)
    static func make(
      _ role: TLSSession.Role, _ context: NIOSSLContext,
      _ callback: @escaping NIOSSLVerificationCallback
    ) throws -> NIOSSLHandler {
      switch role {
      case .client(let host):
        try NIOSSLClientHandler(
          context: context, serverHostname: host, verificationCallback: callback)
      case .server: try NIOSSLServerHandler(context: context, verificationCallback: callback)
      }
    }
  }

  extension NIOSSLCertificate {
    /// The names in the subject alternative name that can be compared.
    fileprivate var peerNames: [PeerName] {
      _subjectAlternativeNames().compactMap { name in
        let kind: PeerName.Kind
        switch name.nameType {
        case .dnsName: kind = .dns
        case .ipAddress: kind = .ip
        case .uri: kind = .uri
        default: return nil
        }
        return PeerName(kind, Array(name.contents))
      }
    }

    fileprivate var subject: String { Self.text(subjectName) }
    fileprivate var issuer: String { Self.text(issuerName) }

    private static func text(_ name: [SSLCertificateName]) -> String {
      name.isEmpty ? "one without a name" : name.map(\.value).joined(separator: ", ")
    }
  }

  extension TLSFailure {
    /// The failure that an error of SwiftNIO stands for.
    init(_ error: any Error) {
      var stack: NIOBoringSSLErrorStack = []
      switch error {
      case NIOSSLError.handshakeFailed(.sslError(let errors)), BoringSSLError.sslError(let errors):
        stack = errors
      default: break
      }
      // error:100000f7:SSL routines:OPENSSL_internal:WRONG_VERSION_NUMBER at …
      let parts = stack.first.map { "\($0)".split(separator: ":") } ?? []
      guard let at = parts.firstIndex(where: { $0.hasSuffix("error") }), at + 4 < parts.count,
        let code = UInt32(parts[at + 1], radix: 16)
      else {
        self = .handshake(expected: "TLS 1.3", found: "\(error)")
        return
      }
      let reason = code & 0xfff
      // BoringSSL numbers the alerts of a peer from 1000 on (ssl.h, SSL_AD_REASON_OFFSET).
      if reason >= 1000, let alert = UInt8(exactly: reason - 1000) {
        self = .alert(alert)
        return
      }
      let name = parts[at + 4].prefix { $0 != " " }.lowercased()
      switch name {
      case "peer_did_not_return_a_certificate":
        self = .certificate(expected: "a certificate", found: "none")
      case "wrong_version_number", "http_request", "https_proxy_request", "unsupported_protocol",
        "unexpected_record", "invalid_outer_record_type":
        self = .handshake(
          expected: "a peer with TLS 1.3", found: "one without (\(name.replacing("_", with: " ")))")
      default:
        self = .handshake(expected: "a TLS handshake", found: name.replacing("_", with: " "))
      }
    }
  }
#endif
