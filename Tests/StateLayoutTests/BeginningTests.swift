import ByteIO
import StateLayout
import StateTestSupport
import TestSupport
import Testing

/// The first bytes of a state, whatever comes behind them.
@Suite struct BeginningTests {
  private static func bytes(_ state: LayoutCase) throws -> [UInt8] {
    try RandomState.bytes(of: state.name, seed: state.seed)
  }

  @Test(arguments: LayoutCase.all.filter { $0.seed < 1 })
  func aSoundStateBeginsWithoutErrors(_ state: LayoutCase) throws {
    let bytes = try Self.bytes(state)
    let layout = try ShippedLayoutTests.layout(state.name)
    let step = bytes.count / 23 + 1
    for count in stride(from: 0, through: bytes.count, by: step) {
      let errors = layout.errors(inBeginning: Array(bytes[..<count]))
      guard !errors.isEmpty else { continue }
      Issue.record("the first \(count) bytes of \(bytes.count): \(errors)")
    }
  }

  @Test func anErrorShowsBeforeTheStateEnds() throws {
    var bytes = try RandomState.bytes(of: "mtty", seed: 1)
    bytes[0] ^= 1
    let errors = try ShippedLayoutTests.layout("mtty").errors(inBeginning: Array(bytes[..<30]))
    #expect(errors.map(\.path) == ["header.magic"])
  }

  @Test func bytesBehindTheLastFieldAreTooMany() throws {
    let bytes = try RandomState.bytes(of: "mtty", seed: 1)
    let errors = try ShippedLayoutTests.layout("mtty").errors(inBeginning: bytes + [0, 0])
    #expect(errors.map(\.kind) == [.remainder])
    #expect(errors.first?.message == "expected the end of the state, found at least 2 more bytes")
  }

  /// However the state goes on, it has more bytes than its driver takes.
  @Test func moreBytesThanAStateMayHaveAreAnError() throws {
    let pds = try ShippedLayoutTests.layout("pds")
    #expect(pds.errors(inBeginning: [UInt8](repeating: 1, count: 65_536)) == [])
    let errors = pds.errors(inBeginning: [UInt8](repeating: 1, count: 65_537))
    #expect(errors.map(\.message) == ["expected at most 65536 bytes, found at least 65537"])
  }

  /// A record that is longer than what is there of the state is no error, one with a length that no
  /// record has is.
  @Test func aRecordMayGoOnBehindWhatIsThere() throws {
    let mlx5 = try ShippedLayoutTests.layout("mlx5")
    func errors(ofRecordOf byteCount: UInt64) -> [LayoutFinding] {
      var writer = ByteWriter(reserving: 19)
      writer.little(byteCount)
      return mlx5.errors(inBeginning: writer.bytes + [UInt8](repeating: 0, count: 11))
    }
    #expect(errors(ofRecordOf: 1 << 24) == [])
    #expect(errors(ofRecordOf: 1 << 40).map(\.path) == ["records[0].record_size"])
  }
}
