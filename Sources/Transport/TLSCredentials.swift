import ByteIO
import Glibc
import SystemPackage

#if TLS
  import NIOSSL
#endif

/// What a side shows its peers, and whom it takes theirs from: a certificate, its key, and the
/// authorities that have signed the peers'.
public struct TLSCredentials: Sendable {
  /// Why there are no credentials.
  public struct LoadError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The file concerned.
    public let file: String
    /// What would have done.
    public let expected: String
    /// What there is.
    public let found: String

    public var description: String { "\(file): expected \(expected), found \(found)" }
  }

  /// Whether this build has TLS, which is the package's trait of that name.
  public static var isBuiltIn: Bool {
    #if TLS
      true
    #else
      false
    #endif
  }

  #if TLS
    let context: NIOSSLContext
    let authorities: [NIOSSLCertificate]
    // The names of the files, for errors.
    let authorityFile: String
  #endif

  /// Reads three PEM files.
  ///
  /// - Parameters:
  ///   - certificate: the certificate of this side, with those between it and the authority behind
  ///     it.
  ///   - key: its private key, without a passphrase; a file of this user that others may read is
  ///     refused.
  ///   - authority: the certificates of which one must stand at the end of a peer's.
  public init(
    certificate: String, key: String, authority: String
  ) throws(LoadError) {
    #if TLS
      let chain = try Self.certificates(in: certificate)
      authorities = try Self.certificates(in: authority)
      authorityFile = authority
      let keyBytes = try Self.contents(of: key, isSecret: true)
      let secret: NIOSSLPrivateKey
      do {
        secret = try NIOSSLPrivateKey(bytes: keyBytes, format: .pem)
      } catch {
        throw LoadError(
          file: key, expected: "a private key in PEM, without a passphrase", found: "none")
      }
      var configuration = TLSConfiguration.makeServerConfigurationWithMTLS(
        certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(secret),
        trustRoots: .certificates(authorities))
      configuration.minimumTLSVersion = .tlsv13
      do {
        context = try NIOSSLContext(configuration: configuration)
      } catch {
        throw LoadError(
          file: key, expected: "the key of the certificate in \(certificate)", found: "another")
      }
    #else
      throw LoadError(
        file: certificate, expected: "a build with TLS", found: "one without the package trait TLS")
    #endif
  }

  #if TLS
    private static func certificates(in file: String) throws(LoadError) -> [NIOSSLCertificate] {
      let bytes = try contents(of: file)
      // Without any, it throws too.
      if let found = try? NIOSSLCertificate.fromPEMBytes(bytes), !found.isEmpty { return found }
      throw LoadError(file: file, expected: "certificates in PEM", found: "none")
    }

    private static func contents(
      of file: String, isSecret: Bool = false
    ) throws(LoadError) -> [UInt8] {
      let bytes: [UInt8]
      var status = stat()
      do throws(Errno) {
        bytes = try read(file, limit: 1 << 20, &status)
      } catch {
        throw LoadError(file: file, expected: "a file to read, of at most 1 MiB", found: "\(error)")
      }
      // As ssh has it: what belongs to another user is that one's to keep.
      if isSecret, status.st_uid == geteuid(), status.st_mode & 0o077 != 0 {
        throw LoadError(
          file: file, expected: "a key that only its owner may read (mode 600)",
          found: "mode \(String(status.st_mode & 0o777, radix: 8))")
      }
      return bytes
    }

    private static func read(
      _ file: String, limit: Int, _ status: inout stat
    ) throws(Errno) -> [UInt8] {
      let number = unsafe PathBytes(text: file).withCString {
        unsafe open($0, O_RDONLY | O_CLOEXEC)
      }
      guard number >= 0 else { throw Errno(rawValue: errno) }
      defer { close(number) }
      guard unsafe fstat(number, &status) == 0 else { throw Errno(rawValue: errno) }
      var bytes: [UInt8] = []
      var part = [UInt8](repeating: 0, count: 65536)
      while true {
        // SAFETY: the call writes at most the bytes that it is told there are.
        let count = unsafe part.withUnsafeMutableBytes {
          unsafe Glibc.read(number, $0.baseAddress, $0.count)
        }
        if count == 0 { return bytes }
        if count < 0 {
          if errno == EINTR { continue }
          throw Errno(rawValue: errno)
        }
        bytes += part.prefix(count)
        guard bytes.count <= limit else { throw .fileTooLarge }
      }
    }
  #endif
}
