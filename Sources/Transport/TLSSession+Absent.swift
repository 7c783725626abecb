#if !TLS
  /// A TLS session in a build without TLS: none is ever made, and so nothing of it is called.
  final class TLSSession: Sendable {
    enum Role {
      case client(host: String?)
      case server
    }

    init(_ role: Role, _ credentials: TLSCredentials, names: [PeerName]?) throws(TLSFailure) {
      throw .handshake(expected: "a build with TLS", found: "one without")
    }

    let peerNames: [PeerName]? = nil
    let certificateDigest: [UInt8]? = nil
    let failure: TLSFailure? = .cut
    let hasInput = true
    @discardableResult
    func fill<Failure: Error>(
      _ receive: (inout MutableRawSpan) throws(Failure) -> Int?
    ) throws(Failure) -> Bool { false }
    func fillIfFree(_ receive: (inout MutableRawSpan) -> Int?) -> Bool { false }
    func read(into span: inout MutableRawSpan) throws(TLSFailure) -> Int? { throw .cut }
    func write(_ head: RawSpan, _ body: RawSpan, from offset: Int) throws(TLSFailure) -> Int {
      throw .cut
    }
    func endOutput() {}
    func flush<Failure: Error>(
      _ send: (RawSpan) throws(Failure) -> Int?
    ) throws(Failure) {}
    func flushIfFree(_ send: (RawSpan) -> Int?) {}
  }
#endif
