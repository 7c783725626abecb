import TestSupport
import Testing
import VFIOUser

/// The page about peers has what the table has.
@Suite struct PeerQuirkTests {
  @Test func thePageHasTheTable() throws {
    let path = Corpus.root + "/Sources/VFIOUser/VFIOUser.docc/Peers.md"
    let page = try String(decoding: Corpus.contents(path), as: UTF8.self)
    for quirk in PeerQuirk.all {
      let row = "| \(quirk.peer) | \(quirk.behaviour) | \(quirk.answer) | \(quirk.source) |"
      #expect(page.contains(row), "expected the row \(row)")
    }
    let rows = page.split(separator: "\n").count { $0.hasPrefix("| ") }
    #expect(rows == PeerQuirk.all.count + 1)
  }
}
