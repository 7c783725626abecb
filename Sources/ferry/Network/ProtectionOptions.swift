import ArgumentParser
import Reports
import Transport

/// How what passes to and from a peer is kept from others.
struct ProtectionOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "This side's certificate, PEM. With --tls-key and --tls-ca the connection has TLS 1.3, in which both sides show certificates.",
      valueName: "file"), completion: .file())
  var tlsCert: String?

  @Option(
    help: ArgumentHelp("Its key, PEM, which nobody else may be able to read.", valueName: "file"),
    completion: .file())
  var tlsKey: String?

  @Option(
    help: ArgumentHelp(
      "The certificates of the authorities, PEM, of which one must have signed the peer's.",
      valueName: "file"), completion: .file())
  var tlsCa: String?

  @Flag(
    help: "Take other hosts than this one, though nothing protects what passes over the network.")
  var insecure = false

  func validate() throws {
    let files = [tlsCert, tlsKey, tlsCa].compactMap { $0 }
    guard [0, 3].contains(files.count) else {
      throw ValidationError("--tls-cert, --tls-key and --tls-ca go together: all three or none.")
    }
    guard files.isEmpty || !insecure else {
      throw ValidationError("--insecure and --tls-cert exclude each other.")
    }
    guard files.isEmpty || TLSCredentials.isBuiltIn else {
      throw ValidationError(
        "--tls-cert, --tls-key and --tls-ca want a ferry that was built with the package trait TLS; this one was not."
      )
    }
  }

  /// Whether TLS was asked for.
  var hasTLS: Bool { tlsCert != nil }

  /// The protection, with peers that must have one of `names` if there is TLS; nil for any.
  func protection(names: [PeerName]?) throws -> Protection {
    guard let tlsCert, let tlsKey, let tlsCa else { return insecure ? .none : .thisHostOnly }
    do throws(TLSCredentials.LoadError) {
      return .tls(
        try TLSCredentials(certificate: tlsCert, key: tlsKey, authority: tlsCa), names: names)
    } catch {
      var detail = ErrorDetail("certificate", file: error.file)
      (detail.expected, detail.found) = (error.expected, error.found)
      throw CommandError.input("\(error)").about(detail)
    }
  }

  /// A name on the command line.
  static func name(_ text: String) throws -> PeerName {
    do throws(PeerName.Malformed) {
      return try PeerName(parsing: text)
    } catch {
      throw ValidationError("\(error).")
    }
  }
}
