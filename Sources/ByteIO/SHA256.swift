private import CChecksum

/// The SHA-256 hash (FIPS 180-4) of bytes that come in pieces.
package struct SHA256: Sendable {
  private static let blockByteCount = 64

  private var state: [UInt32] = [
    0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab,
    0x5be0_cd19,
  ]
  // The start of a block.
  private var partial: [UInt8] = []
  private var byteCount: UInt64 = 0

  /// The hash of no bytes yet.
  package init() {}

  /// Takes the next bytes.
  package mutating func update(_ bytes: RawSpan) {
    byteCount &+= UInt64(bytes.byteCount)
    var rest = bytes
    if !partial.isEmpty {
      let part = rest.extracting(first: Self.blockByteCount - partial.count)
      partial += [UInt8](part)
      rest = rest.extracting(droppingFirst: part.byteCount)
      guard partial.count == Self.blockByteCount else { return }
      let block = partial
      partial.removeAll()
      mix(block.span.raw)
    }
    let whole = rest.byteCount / Self.blockByteCount * Self.blockByteCount
    mix(rest.extracting(first: whole))
    partial += [UInt8](rest.extracting(droppingFirst: whole))
  }

  /// The 32 bytes of the hash of all that came.
  package var value: [UInt8] {
    var copy = self
    var padding: [UInt8] = [0x80]
    while (partial.count + padding.count) % Self.blockByteCount != 56 { padding.append(0) }
    let bitCount = byteCount &* 8
    for shift in stride(from: 56, through: 0, by: -8) {
      padding.append(UInt8(truncatingIfNeeded: bitCount >> UInt64(shift)))
    }
    copy.update(padding.span.raw)
    return copy.state.flatMap { word in
      stride(from: 24, through: 0, by: -8).map { UInt8(truncatingIfNeeded: word >> UInt32($0)) }
    }
  }

  /// The 32 bytes of the hash of `message`.
  package static func hash(_ message: [UInt8]) -> [UInt8] {
    var hash = SHA256()
    hash.update(message.span.raw)
    return hash.value
  }

  private mutating func mix(_ blocks: RawSpan) {
    // SAFETY: both pointers are used inside the closures only; the state has its eight words.
    unsafe state.withUnsafeMutableBufferPointer { state in
      unsafe blocks.withUnsafeBytes { bytes in
        guard let base = bytes.baseAddress, let words = state.baseAddress else { return }
        unsafe cchecksum_sha256(words, base, bytes.count / Self.blockByteCount)
      }
    }
  }
}
