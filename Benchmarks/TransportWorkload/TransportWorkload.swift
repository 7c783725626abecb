import Glibc
import Transport

// Copies bytes over TLS, for tools/bench: `receive` listens, and writes what comes to standard
// output; `send` sends what it reads from standard input.
@main struct TransportWorkload {
  static func main() throws {
    let words = CommandLine.arguments
    guard words.count == 6, let port = UInt16(words[5]) else {
      print("usage: TransportWorkload receive|send CERTIFICATE KEY AUTHORITY PORT")
      exit(2)
    }
    let address = NetworkAddress.tcp(host: "127.0.0.1", port: port)
    let credentials = try TLSCredentials(
      certificate: words[2], key: words[3], authority: words[4])
    let protection = Protection.tls(credentials, names: nil)
    let patience = Duration.seconds(30)
    var buffer = [UInt8](repeating: 0, count: 256 << 10)
    if words[1] == "receive" {
      let listener = try Listener(at: address, protection: protection)
      let connection = try listener.accept()
      while true {
        var span = buffer.mutableSpan
        var raw = span.mutableBytes
        let count = try connection.read(into: &raw, patience: patience)
        if count == 0 { return }
        var written = 0
        while written < count {
          let done = buffer[written..<count].withUnsafeBytes {
            write(STDOUT_FILENO, $0.baseAddress, $0.count)
          }
          guard done > 0 else { exit(5) }
          written += done
        }
      }
    }
    let connection = try Connection(to: address, protection: protection, patience: patience)
    while true {
      let count = buffer.withUnsafeMutableBytes { read(STDIN_FILENO, $0.baseAddress, $0.count) }
      guard count > 0 else { break }
      try connection.write(
        buffer.span.extracting(0..<count).bytes, RawSpan(), patience: patience)
    }
    connection.endOutput()
  }
}
