import Testing
import Transport

@Suite struct PeerNameTests {
  @Test(arguments: [
    ("host.example", PeerName.Kind.dns, "host.example"),
    ("HOST.Example", .dns, "host.example"),
    ("a_b-c.1", .dns, "a_b-c.1"),
    ("10.0.0.2", .ip, "10.0.0.2"),
    ("2001:DB8:0:0:0:0:0:1", .ip, "2001:db8::1"),
    ("::1", .ip, "::1"),
    ("fe80::1%eth0", .ip, "fe80::1"),
    ("spiffe://Fleet/Host/7", .uri, "spiffe://Fleet/Host/7"),
    (
      "urn:uuid:c6c95da6-ec5c-4e45-9616-af9ca091f7b6", .uri,
      "urn:uuid:c6c95da6-ec5c-4e45-9616-af9ca091f7b6"
    ),
  ])
  func textsAreNamesOfAKind(text: String, kind: PeerName.Kind, shown: String) throws {
    let name = try PeerName(parsing: text)
    #expect(name.kind == kind)
    #expect(name.text == shown)
    #expect("\(name)" == "\(kind.rawValue):\(shown)")
  }

  @Test(arguments: [
    "", "*", "*.example", "ho st", "host/7", "höst", "host\n", ":7", "7://x", "x:", "a b://c",
  ])
  func othersAreRefusedByTheirText(text: String) {
    let error = #expect(throws: PeerName.Malformed.self) { try PeerName(parsing: text) }
    #expect(error?.text == text)
  }

  /// What is the same name, of every pair of these.
  @Test func namesAreTheSameOnlyIfTheyAreExactly() throws {
    let groups = [
      ["host.example", "HOST.EXAMPLE", "Host.Example"], ["host.example."], ["host"],
      ["sub.host.example"], ["xn--hst-sna.example"],
      ["10.0.0.2"], ["10.0.0.20"], ["::ffff:10.0.0.2", "0:0:0:0:0:FFFF:0A00:0002"],
      ["2001:db8::1", "2001:DB8::1", "2001:0db8:0000:0000:0000:0000:0000:0001", "2001:db8:0::0:1"],
      ["::1", "0:0:0:0:0:0:0:1", "::0001"],
      ["spiffe://fleet/a"], ["spiffe://fleet/A"], ["SPIFFE://fleet/a"], ["spiffe://fleet/a/"],
      ["spiffe://fleet"],
    ]
    for (number, group) in groups.enumerated() {
      for (other, others) in groups.enumerated() {
        for text in group {
          for otherText in others {
            let same = try PeerName(parsing: text) == PeerName(parsing: otherText)
            #expect(same == (number == other), "\(text) and \(otherText)")
          }
        }
      }
    }
  }
}
