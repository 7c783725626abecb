import StateLayout
import StateTestSupport
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
    writer.put(1 as UInt32)
    writer.put(0 as UInt32)
    return writer.bytes
  }

  private var sample: [UInt8] {
    var contexts = StateWriter()
    for word in 0..<24 as Range<UInt32> { contexts.put(100 + word) }
    return state(
      registers: zip(RandomState.igbRegisters(of: 3), 7...).map { ($0, $1) },
      addresses: [(0x1546, 0x1234_5678), (0x1547, 0x8020_0001)],
      contexts: contexts.bytes)
  }

  private var registersAlone: [UInt8] {
    Array(
      state(
        registers: zip(RandomState.igbRegisters(of: 3, isWhole: false), 7...).map { ($0, $1) },
        addresses: []
      ).prefix(528))
  }

  @Test func everyFieldIsTakenApart() throws {
    #expect(sample.count == 1024)
    let tree = try expectSound(sample, name)
    #expect(tree.integer("vfn") == 3)
    #expect(tree.integer("num_regs") == 62)
    #expect(tree.integer("regs[1].offset") == 0x40c8)
    #expect(tree.integer("regs[1].value") == 8)
    #expect(tree["regs"]?.items.count == 64)
    #expect(tree["num_ra"]?.range == 528..<532)
    #expect(tree.integer("num_ra") == 2)
    #expect(tree.integer("ra[0].value") == 0x1234_5678)
    #expect(tree.integer("ra[1].offset") == 0x1547)
    #expect(tree.integer("ra[1].value") == 0x8020_0001)
    #expect(tree.integer("tx_ctx[1].ctx_desc[0]") == 112)
    #expect(tree.integer("tx_ctx[1].skip_cp") == 123)
    #expect(tree["vfre"]?.range == 1016..<1020)
    #expect(tree.integer("vfte") == 0)
  }

  @Test func theShortFormIsTakenApart() throws {
    let bytes = registersAlone
    try expectOne(.warning, at: "", "528 bytes", in: bytes, name)
    let tree = try shippedLayout(name).dissect(bytes)
    #expect(tree.isComplete)
    #expect(tree.integer("regs[2].offset") == 0x40ca)
    #expect(tree["num_ra"] == nil)
  }

  @Test(arguments: seeds(40)) func randomStatesAreSound(seed: UInt64) throws {
    var generator = SplitMix64(seed: seed)
    func word() -> UInt32 { UInt32(truncatingIfNeeded: generator.next()) }
    let function = word() % 8
    // A device of all of the state finds them in any order.
    let registers = RandomState.igbRegisters(of: function).shuffled(using: &generator)
      .map { ($0, word()) }
    let places = Array(0x1500..<0x1520) + Array(0x1538..<0x1548)
    let addresses = places.prefix(2 * Int(word() % 25)).map { place -> (UInt32, UInt32) in
      (UInt32(place), place % 2 == 0 ? word() : word() | 0x8000_0000 | 0x4_0000 << function)
    }.shuffled(using: &generator)
    try expectSound(
      state(
        function: function, registers: registers, addresses: addresses,
        contexts: generator.bytes(96)), name)
  }

  @Test func everyCutIsFound() throws {
    let layout = try shippedLayout(name)
    for count in 0..<1024 {
      let tree = layout.dissect(Array(sample.prefix(count)))
      #expect(tree.isComplete == (count == 528), "cut at \(count)")
      #expect(!tree.isSound, "cut at \(count)")
      // A state of 528 bytes has other registers.
      #expect(tree.findings.count == (count == 528 ? 3 : 1), "cut at \(count)")
    }
  }

  @Test func whatIsFound() throws {
    let bytes = sample
    let one = 1 as UInt32
    try expectOne(.error, at: "magic", "0x4d494742", in: bytes.replacing(one, at: 0), name)
    try expectOne(
      .error, at: "version", "expected 1", in: bytes.replacing(2 as UInt32, at: 4), name)
    try expectOne(
      .warning, at: "vfn", "at most 7", in: bytes.replacing(8 as UInt32, at: 8), name, among: 3)
    for count in [63, 65] as [UInt32] {
      try expectOne(
        .error, at: "num_regs", "all 62", in: bytes.replacing(count, at: 12), name, among: 2)
    }
    try expectOne(
      .error, at: "num_regs", "all 62", in: bytes.replacing(61 as UInt32, at: 12), name, among: 2)
    try expectOne(
      .error, at: "regs[1]", "each register once",
      in: bytes.replacing(0x40c0 as UInt32, at: 24), name)
    try expectOne(.warning, at: "regs", "behind the 62", in: bytes.replacing(one, at: 516), name)
    try expectOne(.warning, at: "regs", "behind the 62", in: bytes.replacing(one, at: 524), name)
    try expectOne(
      .warning, at: "vfre", "at most 1", in: bytes.replacing(2 as UInt32, at: 1016), name)
    try expectOne(
      .warning, at: "vfte", "at most 1", in: bytes.replacing(2 as UInt32, at: 1020), name)
    try expectOne(
      .error, at: "num_ra", "at most 48", in: bytes.replacing(49 as UInt32, at: 528), name)
    try expectOne(.warning, at: "ra", "behind the 2", in: bytes.replacing(one, at: 912), name)
    for place in [0, 0x14fe, 0x1520, 0x1536, 0x1548] as [UInt32] {
      try expectOne(
        .error, at: "ra", "found 1 others", in: bytes.replacing(place, at: 532), name,
        among: place == 0 ? 2 : 3)
    }
    try expectOne(
      .error, at: "ra[1]", "0x1547 alone", in: bytes.replacing(0x1544 as UInt32, at: 532), name,
      among: 2)
    try expectOne(
      .error, at: "ra[1]", "each register once", in: bytes.replacing(0x1546 as UInt32, at: 540),
      name, among: 2)
    // No longer valid, and in the pool of another function.
    for value in [0x0020_0001, 0x8004_0001] as [UInt32] {
      try expectOne(
        .error, at: "ra", "pool of function 3", in: bytes.replacing(value, at: 544), name)
    }
    try expectOne(.error, at: "num_tx_ctx", "expected 2", in: bytes.replacing(one, at: 916), name)
    try expectOne(.error, at: "", "1 more", in: bytes + [0], name)
  }

  /// Each register where another function's is, and where none is: a device refuses them all.
  @Test func registersAreThoseOfTheFunction() throws {
    for index in 0..<62 {
      let offset = RandomState.igbRegisters(of: 3)[index]
      for other in [RandomState.igbRegisters(of: 4)[index], offset ^ 0x8000, 0, .max] {
        try expectOne(
          .error, at: "regs", "found 1 others",
          in: sample.replacing(other, at: 16 + 8 * index), name)
      }
    }
  }

  /// A device of registers alone has each at its place.
  @Test func registersAloneAreInTheirOrder() throws {
    try expectOne(
      .error, at: "num_regs", "all 59", in: registersAlone.replacing(60 as UInt32, at: 12), name,
      among: 2)
    for index in 0..<58 {
      let offsets = RandomState.igbRegisters(of: 3, isWhole: false)
      let bytes = registersAlone.replacing(offsets[index + 1], at: 16 + 8 * index)
        .replacing(offsets[index], at: 24 + 8 * index)
      try expectOne(.error, at: "regs", "found 2 others", in: bytes, name, among: 2)
    }
  }
}
