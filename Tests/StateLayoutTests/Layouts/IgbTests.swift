import StateLayout
import TestSupport
import Testing

@Suite struct IgbTests {
  private let name = "igb"

  /// A state of a function that has `registers`, and `addresses` in theirs.
  private func state(
    function: UInt32 = 3, registers: [(UInt32, UInt32)], addresses: [(UInt32, UInt32)],
    contexts: [UInt8]? = nil
  ) -> [UInt8] {
    var writer = StateWriter()
    writer.put(0x4d49_4742 as UInt32)
    writer.put(1 as UInt32)
    writer.put(function)
    writer.put(UInt32(registers.count))
    for (offset, value) in registers {
      writer.put(offset)
      writer.put(value)
    }
    writer.put(zeros: 528 - writer.bytes.count)
    writer.put(UInt32(addresses.count))
    for (offset, value) in addresses {
      writer.put(offset)
      writer.put(value)
    }
    writer.put(zeros: 916 - writer.bytes.count)
    writer.put(2 as UInt32)
    writer.put(contexts ?? Array(repeating: 0, count: 96))
    writer.put(0xff as UInt32)
    writer.put(0x0f as UInt32)
    return writer.bytes
  }

  private var sample: [UInt8] {
    var contexts = StateWriter()
    for word in 0..<24 as Range<UInt32> { contexts.put(100 + word) }
    return state(
      registers: [(0x300, 7), (0x301, 0xffff_ffff)],
      addresses: [(0x1546, 0x1234_5678), (0x1547, 0x8004_0001)],
      contexts: contexts.bytes)
  }

  @Test func everyFieldIsTakenApart() throws {
    #expect(sample.count == 1024)
    let tree = try expectSound(sample, name)
    #expect(tree.integer("vfn") == 3)
    #expect(tree.integer("num_regs") == 2)
    #expect(tree.integer("regs[1].offset") == 0x301)
    #expect(tree.integer("regs[1].value") == 0xffff_ffff)
    #expect(tree["regs"]?.items.count == 64)
    #expect(tree["num_ra"]?.range == 528..<532)
    #expect(tree.integer("num_ra") == 2)
    #expect(tree.integer("ra[0].value") == 0x1234_5678)
    #expect(tree.integer("ra[1].offset") == 0x1547)
    #expect(tree.integer("ra[1].value") == 0x8004_0001)
    #expect(tree.integer("tx_ctx[1].ctx_desc[0]") == 112)
    #expect(tree.integer("tx_ctx[1].skip_cp") == 123)
    #expect(tree["vfre"]?.range == 1016..<1020)
    #expect(tree.integer("vfte") == 0x0f)
  }

  @Test func theShortFormIsTakenApart() throws {
    let bytes = Array(sample.prefix(528))
    try expectOne(.warning, at: "", "528 bytes", in: bytes, name)
    let tree = try shippedLayout(name).dissect(bytes)
    #expect(tree.isComplete)
    #expect(tree.integer("regs[1].offset") == 0x301)
    #expect(tree["num_ra"] == nil)
  }

  @Test(arguments: 0..<40 as Range<UInt64>) func randomStatesAreSound(seed: UInt64) throws {
    var generator = SplitMix64(seed: seed)
    func word() -> UInt32 { UInt32(truncatingIfNeeded: generator.next()) }
    let registers = (0..<Int(word() % 65)).map { (UInt32(0x300 + $0), word()) }
    let places = Array(0x1500..<0x1520) + Array(0x1538..<0x1548)
    let addresses = places.prefix(Int(word() % 49)).map { (UInt32($0), word()) }
    try expectSound(
      state(
        function: word() % 8, registers: registers, addresses: addresses,
        contexts: generator.bytes(96)), name)
  }

  @Test func everyCutIsFound() throws {
    let layout = try shippedLayout(name)
    for count in 0..<1024 {
      let tree = layout.dissect(Array(sample.prefix(count)))
      #expect(tree.isComplete == (count == 528), "cut at \(count)")
      #expect(tree.findings.count == 1, "cut at \(count)")
    }
  }

  @Test func whatIsFound() throws {
    let bytes = sample
    let one = 1 as UInt32
    try expectOne(.error, at: "magic", "0x4d494742", in: bytes.replacing(one, at: 0), name)
    try expectOne(
      .error, at: "version", "expected 1", in: bytes.replacing(2 as UInt32, at: 4), name)
    try expectOne(
      .warning, at: "vfn", "at most 7", in: bytes.replacing(8 as UInt32, at: 8), name)
    try expectOne(
      .error, at: "num_regs", "at most 64", in: bytes.replacing(65 as UInt32, at: 12), name)
    try expectOne(
      .warning, at: "regs[1]", "each register once",
      in: bytes.replacing(0x300 as UInt32, at: 24), name)
    try expectOne(.warning, at: "regs", "behind the 2", in: bytes.replacing(one, at: 36), name)
    try expectOne(.warning, at: "regs", "behind the 2", in: bytes.replacing(one, at: 524), name)
    try expectOne(
      .error, at: "num_ra", "at most 48", in: bytes.replacing(49 as UInt32, at: 528), name)
    try expectOne(.warning, at: "ra", "behind the 2", in: bytes.replacing(one, at: 912), name)
    for place in [0, 0x14ff, 0x1520, 0x1537, 0x1548] as [UInt32] {
      try expectOne(
        .error, at: "ra", "found 1 others", in: bytes.replacing(place, at: 532), name)
    }
    try expectOne(.error, at: "num_tx_ctx", "expected 2", in: bytes.replacing(one, at: 916), name)
    try expectOne(.error, at: "", "1 more", in: bytes + [0], name)
  }
}
