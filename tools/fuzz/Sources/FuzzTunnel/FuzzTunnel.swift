import ByteIO
import FuzzSupport
import Handover

/// The entry point of libFuzzer.
///
/// An input is what comes over a connection of a tunnel, behind the preamble. A checksum that does
/// not fit is put right first, or nothing would be reached behind it. What must hold: no crash; how
/// the input is split does not matter; a block that is read is written alike again; what is put
/// into its order comes out without a gap, and within what was permitted.
@c(LLVMFuzzerTestOneInput)
public func fuzzTunnel(bytes: UnsafePointer<UInt8>?, count: Int) -> CInt {
  guard let bytes, count > 0, count <= 1 << 16 else { return -1 }
  let input = mended([UInt8](UnsafeBufferPointer(start: bytes, count: count)))
  let whole = Run(input, step: .max)
  let pieces = Run(input, step: 1 + count % 31)
  require(whole.blocks == pieces.blocks, "how the input is split does not matter")
  require(whole.content == pieces.content, "how the input is split does not matter")
  return 0
}

/// The input with the checksums that its blocks should have, as far as their lengths lead.
private func mended(_ input: [UInt8]) -> [UInt8] {
  var result = input
  var start = 0
  while start + TunnelBlock.headByteCount <= result.count {
    let head = Array(result[start..<start + TunnelBlock.headByteCount])
    guard let block = try? TunnelBlock(parsing: head.span.raw) else { break }
    let payload = start + TunnelBlock.headByteCount
    let end = payload + block.payloadByteCount
    guard end <= result.count else { break }
    let bytes = Array(result[payload..<end])
    let written = block.head(before: bytes.span.raw)
    require(written.dropLast(4) == head.dropLast(4), "a head is written alike")
    result.replaceSubrange(start..<payload, with: written)
    start = end
  }
  return result
}

/// An input that was read.
private struct Run {
  var blocks: [TunnelBlock] = []
  var content: [UInt8] = []

  init(_ input: [UInt8], step: Int) {
    var source = MemoryInput<Never>(input, pieceByteCount: step)
    var reader = TunnelBlockReader()
    var order = TunnelOrder<[UInt8]>()
    while let block = try? reader.next(from: &source) {
      blocks.append(block)
      switch block.kind {
      case .hello:
        guard let hello = try? TunnelHello(parsing: reader.payloadBytes) else { continue }
        require(hello.bytes == reader.payloadBytes, "a hello is written alike again")
      case .data:
        guard let bytes = try? reader.takeContent(of: block) else { return }
        require(bytes.count == block.byteCount, "a block has the bytes that it says")
        let before = order.pieceCount
        guard
          (try? order.add([UInt8](bytes.bytes), at: block.position, byteCount: bytes.count)) != nil
        else {
          require(order.pieceCount == before, "what is refused is not kept")
          continue
        }
        while let next = order.take() { content += next }
        require(UInt64(content.count) == order.next, "what comes out has no gap")
        require(order.next <= order.permitted, "nothing beyond what was permitted")
      case .end:
        if (try? order.finish(at: block.position)) != nil {
          require(order.end == block.position, "the end is where it was said to be")
        }
      default: break
      }
    }
  }
}
