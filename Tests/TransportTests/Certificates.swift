import Glibc
import SystemPackage
import Testing
import Transport

/// Certificates that `openssl` makes for a test, in a folder that goes with this.
final class Certificates: Sendable {
  private let folder = "/tmp/ferry-certificates-\(UInt64.random(in: 0 ... .max))"

  /// Makes an authority, `ca`, and an other one that nobody here knows, `other`.
  init() throws {
    try #require(mkdir(folder, 0o700) == 0)
    for name in ["ca", "other"] {
      try run(
        "openssl req -x509 -subj /CN=\(name) -keyout \(name).key -out \(name).pem \(Self.key)")
      let settings = """
        [ca]
        default_ca=authority
        [authority]
        database=\(name).index
        rand_serial=yes
        new_certs_dir=.
        certificate=\(name).pem
        private_key=\(name).key
        default_md=sha256
        default_days=2
        policy=any
        unique_subject=no
        copy_extensions=copy
        x509_extensions=leaf
        [any]
        commonName=optional
        [leaf]
        basicConstraints=critical,CA:FALSE
        """
      try write("\(name).cnf", settings)
      try write("\(name).index", "")
    }
  }

  deinit { system("rm -rf \(folder)") }

  /// Makes a certificate with entries of the subject alternative name: `DNS:…`, `IP:…`, `URI:…`.
  func make(
    _ name: String, _ alternatives: String..., authority: String = "ca", times: String = ""
  ) throws {
    let extra =
      alternatives.isEmpty ? "" : " -addext subjectAltName=\(alternatives.joined(separator: ","))"
    try run("openssl req -new -subj /CN=\(name) -keyout \(name).key -out csr \(Self.key)\(extra)")
    try run("openssl ca -batch -notext -config \(authority).cnf -in csr -out \(name).pem \(times)")
  }

  func path(_ name: String) -> String { "\(folder)/\(name)" }

  /// The credentials that the certificate makes, with an authority.
  func credentials(
    _ name: String, authority: String = "ca"
  ) throws(TLSCredentials.LoadError) -> TLSCredentials {
    try TLSCredentials(
      certificate: path("\(name).pem"), key: path("\(name).key"),
      authority: path("\(authority).pem"))
  }

  private static let key = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes"

  private func write(_ name: String, _ text: String) throws {
    let file = try FileDescriptor.open(
      FilePath(path(name)), .writeOnly, options: .create, permissions: .ownerReadWrite)
    try file.closeAfter { _ = try file.writeAll(text.utf8) }
  }

  private func run(_ command: String) throws {
    try #require(system("cd \(folder) && \(command) >log 2>&1") == 0, "\(command)")
  }
}
