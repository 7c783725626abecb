import CPeer

/// Bytes that stay where they are, so that C and Swift work on the same.
final class Memory {
  let bytes: UnsafeMutableRawBufferPointer

  init(_ count: Int) {
    bytes = .allocate(byteCount: count, alignment: 4096)
    bytes.initializeMemory(as: UInt8.self, repeating: 0)
  }

  deinit { bytes.deallocate() }

  var count: Int { bytes.count }

  /// The start of the bytes; there is at least one.
  var base: UnsafeMutableRawPointer { bytes.baseAddress! }

  /// The pages of `tools/bench` with seed 1, as many as fit.
  static func mixedPages(_ count: Int) -> Memory {
    let memory = Memory(count)
    let pages = memory.bytes.assumingMemoryBound(to: UInt8.self)
    cpeer_pages(pages.baseAddress, 0, UInt64(count / Int(CPEER_PAGE)), 1)
    return memory
  }

  /// Ranges of `size` bytes, the last one of what is left.
  func chunks(of size: Int) -> [Range<Int>] {
    stride(from: 0, to: count, by: size).map { $0..<min($0 + size, count) }
  }
}
