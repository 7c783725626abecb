import Testing
import Transport

@Suite struct NetworkAddressTests {
  @Test(arguments: [
    ("unix:/run/a b.sock", NetworkAddress.unix(path: "/run/a b.sock")),
    ("unix:host:1", .unix(path: "host:1")),
    ("10.0.0.2:7000", .tcp(host: "10.0.0.2", port: 7000)),
    ("localhost:0", .tcp(host: "localhost", port: 0)),
    ("[::1]:65535", .tcp(host: "::1", port: 65535)),
  ])
  func textsAreTakenApartAndPutTogether(text: String, address: NetworkAddress) throws {
    #expect(try NetworkAddress(parsing: text) == address)
    #expect("\(address)" == text)
  }

  @Test(arguments: [
    "", "unix:", "host", "host:", ":1", "host:65536", "host:-1", "host:1x", "::1:7000", "[::1]",
    "[]:1", "host: 1", "host:١",
  ])
  func othersAreRefusedByTheirText(text: String) {
    let error = #expect(throws: NetworkAddress.Malformed.self) { try NetworkAddress(parsing: text) }
    #expect(error?.text == text)
  }
}
