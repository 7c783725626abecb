import PCIConfig
import PCITestSupport
import Reports
import TestSupport
import Testing
import VirtualPCI

@Suite struct ProfileLayoutTests {
  @Test func aShortProfileIsComplete() throws {
    let layout = try Fixture.layout(Fixture.short)
    let space = try ConfigSpace(layout.synthesized)
    #expect(space.capabilityList.findings.isEmpty)
    #expect(space.capabilityList.capabilities.map(\.offset) == [0x40, 0x50, 0x70, 0x100, 0xff8])
    #expect(space.u16(at: 0x52) == 32)
    #expect(space.u16(at: 0x78) == 0x2810)
    #expect(space.u16(at: 0x104) == 0x20)
    if Lspci.isInstalled {
      #expect(Lspci.complaints(try Lspci.decode(layout.synthesized)) == [])
    }
  }

  @Test func conventionalSpacesHave256Bytes() throws {
    let layout = try Fixture.layout(
      """
      profile: c
      identity: { vendor: 1, device: 2, class: 0x070002 }
      bars: [ { index: 0, kind: io, size: 8 } ]
      """)
    #expect(layout.synthesized.count == 256)
    #expect(layout.synthesized[6] & 0x10 == 0)
    #expect(layout.synthesized[0x34] == 0)
  }

  private func problems(_ edit: (String) -> String) -> [String] {
    do {
      _ = try Fixture.layout(edit(Fixture.short))
      return []
    } catch let error as ProfileError {
      return error.problems.map(\.description)
    } catch {
      return ["\(error)"]
    }
  }

  @Test(arguments: [
    // What is replaced, by what, line:column, a part of the message, a part of the rule's source.
    ("at: 0x50,", "at: 0x44,", "6:21", "overlap", "PCI 3.0, 6.7"),
    ("at: 0x50,", "at: 0x52,", "6:21", "multiple of 4", "PCI 3.0, 6.7"),
    ("at: 0x50,", "at: 0xfc,", "6:21", "end behind", "6.7"),
    ("at: 0x50,", "at: 0x20,", "6:21", "from 0x40", "6.7"),
    ("at: 0xff8", "at: 0xffc", "10:22", "end behind", "7.6.1"),
    ("at: 0x100", "at: 0x200", "9:20", "0x100", "7.6.1"),
    ("offset: 0x2000", "offset: 0x3e00", "6:5", "ends behind BAR 0", "6.8.2.4"),
    ("pba: { bar: 0", "pba: { bar: 1", "6:5", "no memory BAR", "6.8.2.4"),
    ("offset: 0x3000", "offset: 0x2000", "6:5", "overlap", "6.8.2.4"),
    ("size: 16KiB", "size: 3000", "3:9", "power of two", "6.2.5.1"),
    ("kind: mem64", "kind: io", "3:9", "power of two", "6.2.5.1"),
    (
      "id: express, at: 0x70, version: 2, type: endpoint", "id: af, at: 0x70", "9:5",
      "no PCI Express", "7.2"
    ),
    (
      "id: ats, at: 0x100, page-aligned: true", "id: pri, at: 0x100, capacity: 1", "9:5", "no ATS",
      "10.4.1"
    ),
    ("version: 2", "version: 3", "7:5", "version from 1 to 2", "7.6.3"),
    (
      "id: pm, at: 0x40, version: 3",
      "id: msix, at: 0x40, vectors: 1, table: { bar: 0, offset: 0 }, pba: { bar: 0, offset: 0x100 }",
      "6:5", "expected one", "one MSI-X"
    ),
    ("at: 0x78, bits", "at: 0x40, bits", "12:5", "cannot be overridden", "next pointers"),
  ])
  func structuralErrorsNameRuleAndPlace(
    _ item: (old: String, new: String, place: String, text: String, source: String)
  ) {
    let found = problems { $0.replacing(item.old, with: item.new) }
    #expect(
      found.contains {
        $0.hasPrefix(item.place + ":") && $0.contains(item.text) && $0.contains(item.source)
      }, "\(found)")
  }

  @Test(arguments: [
    ("vectors", "vektors", "6:27", "expected one of at, id, pba, registers, table, vectors"),
    ("vectors: 33", "vectors: 2049", "6:36", "from 1 to 2048"),
    ("width: 16", "width: 21", "10:36", "from 1 to 20"),
    ("id: ats", "id: atx", "9:11", "expected one of aer"),
    ("id: ats", "id: msi", "9:11", "belongs under 'capabilities'"),
    ("execute: false", "execute: 0", "10:49", "true or false"),
    ("type: endpoint", "type: bridge", "7:48", "expected one of endpoint"),
    ("vendor: 0x1af4", "vendor: 0xffff", "2:21", "65534"),
    ("source: device", "source: devise", "12:39", "constant, emulated, forwarded, device"),
    ("profile: nvme-4k.v1", "profile: [", "1:10", ""),
  ])
  func textErrorsNameTheirPlace(_ item: (old: String, new: String, place: String, text: String)) {
    let found = problems { $0.replacing(item.old, with: item.new) }
    #expect(found.count == 1)
    #expect(found.contains { $0.contains(item.text) }, "\(found)")
    if !item.text.isEmpty { #expect(found.first?.hasPrefix(item.place + ":") == true, "\(found)") }
  }

  @Test func everyProblemIsListed() {
    let found = problems {
      $0.replacing("at: 0x50,", with: "at: 0x44,").replacing("at: 0x100", with: "at: 0x200")
        .replacing("size: 16KiB", with: "size: 3000")
    }
    #expect(found.count >= 4)
  }

  @Test func pasidWithoutPrefixesIsAnError() {
    let found = problems {
      $0.replacing(
        "type: endpoint }", with: "type: endpoint, registers: { device-capabilities-2: 0x1f } }")
    }
    #expect(found.contains { $0.contains("bit 21") && $0.contains("pci_enable_pasid") })
  }

  /// Device Capabilities 2 of a profile's PCI Express capability.
  private func secondCapabilities(_ layout: ProfileLayout) throws -> UInt32? {
    let express = try #require(layout.first(.pciExpress)).offset
    return try ConfigSpace(layout.synthesized).u32(at: express + 0x24)
  }

  @Test func pasidComesWithExtendedFmtAndAPrefix() throws {
    let layout = try Fixture.layout(Fixture.short)
    #expect(try secondCapabilities(layout).map { $0 & 0x00f0_0000 } == 0x0070_0000)
  }

  /// The NVMe profile was frozen when the default had no Extended Fmt.
  @Test func aFrozenProfileKeepsItsBytes() throws {
    let text = try Corpus.contents(Corpus.root + "/corpora/profiles/nvme.yaml")
    let layout = try ProfileLayout(Profile(parsing: text))
    #expect(layout.digest == layout.profile.digest)
    #expect(try secondCapabilities(layout).map { $0 & 0x00f0_0000 } == 0x0060_0000)
    #expect(try Profile.freeze(text) == String(decoding: text, as: UTF8.self))
    // Without its digest it is a new profile, with today's default.
    let lines = String(decoding: text, as: UTF8.self).split(separator: "\n")
    let thawed = try Fixture.layout(
      lines.filter { !$0.hasPrefix("digest:") }.joined(separator: "\n"))
    #expect(try secondCapabilities(thawed).map { $0 & 0x00f0_0000 } == 0x0070_0000)
  }

  @Test func autoTakesTheLowestFreePlaceWhateverTheDevice() throws {
    let layout = try Fixture.layout(
      Fixture.short.replacing("at: 0x50", with: "at: auto").replacing("at: 0x40", with: "at: auto")
        .replacing("at: 0x70", with: "at: 0x48").replacing("at: 0xff8", with: "at: auto")
        .replacing("at: 0x78", with: "at: 0x50"))
    // pm first, below express; msix behind it, since 0x84 is the lowest place with 12 bytes.
    #expect(layout.first(.powerManagement)?.offset == 0x40)
    #expect(layout.first(.msix)?.offset == 0x84)
    #expect(layout.first(.pasid)?.offset == 0x108)
  }

  @Test func whatDoesNotFitIsAnError() {
    let many = (0..<30).map {
      "  - { id: 0x2\(String($0 % 10)), at: auto, bytes: \"\(String(repeating: "00", count: 400))\" }"
    }
    .joined(separator: "\n")
    let found = problems { $0.replacing("registers:\n", with: many + "\nregisters:\n") }
    #expect(found.contains { $0.contains("no free place of 404 bytes") })
  }

  @Test func freezingMakesEveryOffsetExplicit() throws {
    let text =
      "# why\n"
      + Fixture.short.replacing("at: 0x50", with: "at: auto # here")
      .replacing("# here, vectors", with: ", vectors").replacing("at: 0xff8", with: "at: auto")
    let frozen = try Profile.freeze([UInt8](text.utf8))
    #expect(!frozen.contains("auto"))
    #expect(frozen.hasPrefix("# why\nprofile: nvme-4k.v1\ndigest: "))
    let layout = try Fixture.layout(frozen)
    #expect(layout.digest == (try Fixture.layout(text)).digest)
    #expect(layout.profile.digest == layout.digest)
    #expect(try Profile.freeze([UInt8](frozen.utf8)) == frozen)
    #expect(layout.profile.outdatedDigest == nil)
    let edited = frozen.replacing("vectors: 33", with: "vectors: 34")
    let error = #expect(throws: ProfileError.self) { try Fixture.layout(edited) }
    #expect(error?.problems.first?.rule == .frozen)
    #expect(error?.problems.first?.message.contains("ferry pci freeze") == true)
    let draft = try Profile(parsing: [UInt8](edited.utf8))
    #expect(draft.outdatedDigest == layout.digest)
    #expect(try Fixture.layout(Profile.freeze([UInt8](edited.utf8))).digest != layout.digest)
  }

  @Test func aProfileInJSONCanBeFrozenToo() throws {
    let text =
      #"{"profile": "j", "identity": {"vendor": 1, "device": 2, "class": 0}, "#
      + #""capabilities": [{"id": "pm", "at": "auto"}]}"#
    let frozen = try Profile.freeze([UInt8](text.utf8))
    #expect(try Fixture.layout(frozen).first(.powerManagement)?.offset == 0x40)
    #expect(!frozen.contains("auto"))
  }

  @Test(arguments: [
    // What is replaced, and by what.
    ("", ""),
    // An offset of the device is a number, a place in a capability of its may have brackets.
    ("name: max", "physical: 0x0c, name: max"),
    ("name: max", "physical: 12, name: max"),
    ("name: max", "physical: express+8, name: max"),
    ("name: max", "physical: \"vendor[1]+0x04\", name: max"),
    // A width that the key cannot say, and for which no register but this one stands.
    ("width: 16, execute: false, privileged: false", "registers: { capabilities: 0 }"),
    ("width: 16, execute: false, privileged: false", "registers: { capabilities: 0x1f00 }"),
    ("page-aligned: true", "queue-depth: 32"),
    // Names with what YAML folds, forbids or gives a meaning.
    ("profile: nvme-4k.v1", "profile: \"\\N\\L\\P\\ufeff\\uffff\\x81\\xa0\\\"\\\\é\""),
    ("profile: nvme-4k.v1", "profile: 'true'\nnote: \" a: #b\\n\\t[c]\\0 \""),
    ("max read request size", "'- a, {b}: '"),
  ])
  func whatIsWrittenReadsBackTheSame(_ item: (old: String, new: String)) throws {
    let text = item.old.isEmpty ? Fixture.short : Fixture.short.replacing(item.old, with: item.new)
    #expect(item.old.isEmpty || text != Fixture.short)
    let layout = try Fixture.layout(text)
    let again = try Fixture.layout(layout.profile.yaml(comments: ["a", ""]))
    #expect(again.digest == layout.digest)
    #expect(again.profile.name == layout.profile.name)
    #expect(again.profile.note == layout.profile.note)
    #expect(again.profile.registers.map(\.name) == layout.profile.registers.map(\.name))
    let frozen = try Fixture.layout(Profile.freeze([UInt8](text.utf8)))
    #expect(frozen.profile.digest == layout.digest)
    #expect(frozen.profile.name == layout.profile.name)
  }

  @Test func theExplanationCoversEveryByteOnceAndNamesSources() throws {
    for text in [Fixture.short, "profile: x\nidentity: { vendor: 1, device: 2, class: 3 }"] {
      let layout = try Fixture.layout(text)
      let explanation = ProfileExplanation(layout)
      var next = 0
      for entry in explanation.entries {
        #expect(entry.offset == next)
        next += entry.length
        #expect(entry.bits.allSatisfy { !$0.source.isEmpty })
        if entry.length <= 4, !entry.bits.isEmpty {
          let all = entry.bits.reduce(UInt64(0)) { $0 + UInt64($1.bits) }
          #expect(all == (1 << UInt64(entry.length * 8)) - 1)
        }
      }
      #expect(next == layout.byteCount)
    }
    #expect(
      ProfileExplanation(try Fixture.layout(Fixture.short)).text.contains("vfio_pci_config.c"))
  }

  /// The test vectors of FIPS 180-4 and a length at the edge of a block, through the digest's own
  /// text.
  @Test func theDigestIsSHA256() throws {
    // Another program's hash of the same bytes: see ProfileLayout.digest for what is hashed.
    let layout = try Fixture.layout("profile: x\nidentity: { vendor: 1, device: 2, class: 3 }")
    #expect(layout.digest.count == 64)
    #expect(
      layout.digest
        == (try Fixture.layout("profile: y\nidentity: { vendor: 1, device: 2, class: 3 }")).digest)
    #expect(
      layout.digest
        != (try Fixture.layout("profile: x\nidentity: { vendor: 1, device: 3, class: 3 }")).digest)
  }
}
