import ByteIO
import CPeer
import CXXHash
import Glibc

extension Workload {
  static let chunkByteCount = 1 << 20

  /// What memory and the libraries do by themselves, chunk by chunk.
  static func peers(_ pages: Memory) -> [Workload] {
    let chunks = pages.chunks(of: chunkByteCount)
    let copy = Memory(pages.count)
    let zstd = Zstd()
    let bound = cpeer_zstd_bound(chunkByteCount)
    let frame = Memory(bound)
    let frames = chunks.map { zstd.frame(of: pages, $0) }
    let work: [(String, () -> Void)] = [
      ("memcpy", { for chunk in chunks { copy.copyChunk(chunk, of: pages) } }),
      (
        "crc32c",
        {
          let bytes = RawSpan(_unsafeBytes: UnsafeRawBufferPointer(pages.bytes))
          for chunk in chunks { blackHole(CRC32C.checksum(of: bytes.extracting(chunk))) }
        }
      ),
      ("xxh3", { digest(pages, chunks) }),
      (
        "zstd-compress",
        {
          for chunk in chunks {
            let from = pages.base + chunk.lowerBound
            let count = cpeer_zstd_compress(zstd.context, frame.base, bound, from, chunk.count)
            precondition(count > 0, "libzstd compresses")
          }
        }
      ),
      (
        "zstd-decompress",
        {
          for (chunk, frame) in zip(chunks, frames) {
            let count = cpeer_zstd_decompress(
              zstd.context, copy.base, chunkByteCount, frame, frame.count)
            precondition(count == chunk.count, "libzstd decompresses")
          }
        }
      ),
    ]
    return work.map { Workload($0.0, pages.count, $0.1) }
  }
}

/// XXH3-128 as the codec computes it.
private func digest(_ pages: Memory, _ chunks: [Range<Int>]) {
  guard let state = cxxhash_xxh3_create() else { preconditionFailure("memory for a digest") }
  for chunk in chunks { cxxhash_xxh3_update(state, pages.base + chunk.lowerBound, chunk.count) }
  var digest = [UInt8](repeating: 0, count: 16)
  cxxhash_xxh3_digest(state, &digest)
  blackHole(digest)
  cxxhash_xxh3_free(state)
}

extension Memory {
  fileprivate func copyChunk(_ chunk: Range<Int>, of other: Memory) {
    memcpy(base + chunk.lowerBound, other.base + chunk.lowerBound, chunk.count)
  }
}

/// A zstd context that lives as long as the closures that hold it.
private final class Zstd {
  let context: OpaquePointer

  init() {
    guard let context = cpeer_zstd_create(1) else { preconditionFailure("memory for zstd") }
    self.context = context
  }

  deinit { cpeer_zstd_free(context) }

  func frame(of pages: Memory, _ chunk: Range<Int>) -> [UInt8] {
    let bound = cpeer_zstd_bound(chunk.count)
    return [UInt8](unsafeUninitializedCapacity: bound) { buffer, count in
      count = cpeer_zstd_compress(
        context, buffer.baseAddress, bound, pages.base + chunk.lowerBound, chunk.count)
    }
  }
}

/// Keeps `value` from being optimised away.
@inline(never) func blackHole<T>(_ value: T) {}
