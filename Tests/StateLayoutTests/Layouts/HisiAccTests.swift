import StateLayout
import StateTestSupport
import TestSupport
import Testing

@Suite struct HisiAccTests {
  private static let names = ["hisi_acc-v1", "hisi_acc-v2"]

  /// A state of a function that was ready, with zeros in what is reserved.
  private func ready(_ name: String) throws -> [UInt8] {
    let states = try seeds(16).map { try RandomState.bytes(of: name, seed: $0) }
    var state = try #require(states.first { $0.count == 176 })
    state.replaceSubrange(120..<144, with: repeatElement(0, count: 24))
    return state
  }

  @Test(arguments: names) func readyStatesAreSound(name: String) throws {
    try expectSound(try ready(name), name)
  }

  @Test(arguments: names) func aFunctionThatWasNotReadyHasNoRegisters(name: String) throws {
    try expectOne(
      .error, at: "match", "not ready, found 136 bytes",
      in: try ready(name).replacing(1 as UInt8, at: 24), name)
  }

  @Test(arguments: names, [120, 139, 140, 143])
  func reservedRegistersAreZero(name: String, offset: Int) throws {
    try expectOne(
      .warning, at: "registers", "zeros in what is reserved",
      in: try ready(name).replacing(1 as UInt8, at: offset), name)
  }
}
