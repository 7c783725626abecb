public import ByteIO
import MigrationStream

/// Reads the blocks of one connection of a tunnel, one after the other.
///
/// What it allocates is bounded by the protocol: one payload and the bytes that it stands for.
public struct TunnelBlockReader: ~Copyable {
  /// Why there is no further block.
  public enum Failure<Cause: Error>: Error {
    /// The bytes cannot be read.
    case source(Cause)
    /// They are no block: the byte of the connection at which it begins.
    case damage(TunnelDamage, at: UInt64)
  }

  /// The bytes of the connection that were read.
  public private(set) var offset: UInt64 = 0
  private var head = ByteBuffer(capacity: TunnelBlock.headByteCount)
  private var payload = ByteBuffer(capacity: TunnelBlock.contentLimit)
  private var decompressor: ZstdDecompressor?

  /// A reader of a connection, of which so many bytes were read before.
  public init(offset: UInt64 = 0) {
    self.offset = offset
    decompressor = nil
  }

  /// A copy of the payload of the block that was read last.
  public var payloadBytes: [UInt8] { [UInt8](payload.bytes) }

  /// Reads what begins a connection.
  public mutating func readPreamble<Source: ByteSource & ~Copyable>(
    from source: inout Source
  ) throws(Failure<Source.Failure>) {
    let expected = TunnelHello.preamble
    let isWhole = try Self.fill(&head, expected.count, from: &source, &offset)
    let found = [UInt8](head.bytes)
    guard found != expected else { return }
    // A handshake or an alert begins so (RFC 8446, 5.1).
    let isTLS =
      found.first.map { [0x15, 0x16].contains($0) } == true && found.dropFirst().first == 3
    throw .damage(
      TunnelDamage(
        expected: "another relay's tunnel",
        found: isTLS
          ? "TLS, which this side does not have here"
          : isWhole ? "other bytes" : "the connection's end"), at: 0)
  }

  /// Reads the next block with its payload; nil if the connection has ended before it.
  public mutating func next<Source: ByteSource & ~Copyable>(
    from source: inout Source
  ) throws(Failure<Source.Failure>) -> TunnelBlock? {
    let start = offset
    guard try Self.fill(&head, TunnelBlock.headByteCount, from: &source, &offset) else {
      if head.count == 0 { return nil }
      throw .damage(
        TunnelDamage(expected: "a block's head", found: "the connection's end", isCut: true),
        at: start)
    }
    let block: TunnelBlock
    do throws(TunnelDamage) {
      block = try TunnelBlock(parsing: head.bytes)
    } catch {
      throw .damage(error, at: start)
    }
    guard try Self.fill(&payload, block.payloadByteCount, from: &source, &offset) else {
      throw .damage(
        TunnelDamage(
          expected: "a payload of \(block.payloadByteCount) bytes",
          found: "the connection's end behind \(payload.count)", isCut: true), at: start)
    }
    guard TunnelBlock.isIntact(head.bytes, payload.bytes) else {
      throw .damage(
        TunnelDamage(
          expected: "a block that fits its checksum", found: "bytes that were changed on their way"),
        at: start)
    }
    return block
  }

  /// The bytes of QEMU's that `block` has, which must be data and the one that was read last; once
  /// only, for its payload may go along.
  public mutating func takeContent(of block: TunnelBlock) throws(TunnelDamage) -> ByteBuffer {
    // A few bytes must not keep the memory for many.
    if block.coding == .raw, block.byteCount >= TunnelBlock.contentLimit / 4 {
      var content = ByteBuffer()
      swap(&payload, &content)
      return content
    }
    var content = ByteBuffer(capacity: block.byteCount)
    switch block.coding {
    case .raw: content.append(payload.bytes)
    case .fill: content.append(repeating: payload.bytes[byte: 0], count: block.byteCount)
    case .zstd:
      if decompressor == nil { decompressor = ZstdDecompressor() }
      let defect =
        decompressor?.decompress(payload.bytes, byteCount: block.byteCount, into: &content)
        ?? (decompressor == nil ? "no memory to decode it" : nil)
      guard defect == nil, content.count == block.byteCount else {
        throw TunnelDamage(
          expected: "a zstd frame of \(block.byteCount) bytes",
          found: defect ?? "one of \(content.count)")
      }
    }
    return content
  }

  private static func fill<Source: ByteSource & ~Copyable>(
    _ buffer: inout ByteBuffer, _ count: Int, from source: inout Source, _ offset: inout UInt64
  ) throws(Failure<Source.Failure>) -> Bool {
    buffer.removeAll()
    do throws(Source.Failure) {
      try source.read(into: &buffer, upTo: count)
    } catch {
      throw .source(error)
    }
    offset += UInt64(buffer.count)
    return buffer.count == count
  }
}
