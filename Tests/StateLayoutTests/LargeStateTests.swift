import ByteIO
import StateLayout
import StateTestSupport
import Testing

/// Ten GiB of mlx5 state that nobody has: records of 8 MiB whose payload is made when it is asked
/// for.
private final class LargeState: StateSource {
  static let recordCount: UInt64 = 1280
  static let payloadByteCount: UInt64 = 8 << 20
  private(set) var readByteCount: UInt64 = 0

  var byteCount: UInt64 { Self.recordCount * (16 + Self.payloadByteCount) }

  func read(at offset: UInt64, count: Int, into buffer: inout ByteBuffer) throws(Never) {
    readByteCount += UInt64(count)
    var position = offset
    let end = offset + UInt64(count)
    while position < end {
      let place = position % (16 + Self.payloadByteCount)
      let left = Int(end - position)
      if place < 16 {
        var header = ByteWriter()
        header.little(Self.payloadByteCount)
        header.little(0 as UInt64)
        let part = header.bytes[Int(place)...].prefix(left)
        buffer.append(Array(part))
        position += UInt64(part.count)
      } else {
        let part = min(left, Int(16 + Self.payloadByteCount - place))
        buffer.append(repeating: 0xa5, count: part)
        position += UInt64(part)
      }
    }
  }
}

@Suite struct LargeStateTests {
  @Test func tenGiBAreTakenApartByReadingTheirHeaders() throws {
    let state = LargeState()
    let tree = try ShippedLayoutTests.layout("mlx5").dissect(state)
    #expect(tree.isSound && tree["records"]?.items.count == 1280)
    #expect(state.readByteCount < 32 << 20)
    let payload = try tree.encode()
    #expect(payload.byteCount == state.byteCount)
    // Headers in memory, payloads as places: dropping a record takes no more.
    var shorter = tree
    try shorter.root.update("records") { node in
      node.content = .list(LayoutNode.Items(Array(node.items.dropFirst(1278))))
    }
    let two = try shorter.encode()
    #expect(two.byteCount == 2 * (16 + LargeState.payloadByteCount))
    var count: UInt64 = 0
    two.forEach(from: state) { (span) throws(Never) in
      count += UInt64(span.byteCount)
    }
    #expect(count == two.byteCount)
  }

  @Test func aTruncatedGiantIsNotTakenForAWholeOne() throws {
    struct Cut: StateSource {
      let state = LargeState()
      var byteCount: UInt64 { state.byteCount - 1 }
      func read(at offset: UInt64, count: Int, into buffer: inout ByteBuffer) throws(Never) {
        state.read(at: offset, count: count, into: &buffer)
      }
    }
    let tree = try ShippedLayoutTests.layout("mlx5").dissect(Cut())
    #expect(!tree.isComplete)
    #expect(tree.findings.map(\.path) == ["records[1279].payload"])
  }

  @Test func aFailingSourceIsTheCallersError() throws {
    struct Failure: Error, Equatable {}
    struct Broken: StateSource {
      var byteCount: UInt64 { 100 }
      func read(at offset: UInt64, count: Int, into buffer: inout ByteBuffer) throws(Failure) {
        throw Failure()
      }
    }
    let layout = try ShippedLayoutTests.layout("mtty")
    #expect(throws: Failure()) { try layout.dissect(Broken()) }
  }
}
