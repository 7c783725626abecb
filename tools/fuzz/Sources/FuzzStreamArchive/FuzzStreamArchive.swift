import FuzzSupport
import MigrationStream
import StreamIO

/// The entry point of libFuzzer.
///
/// An input is one byte of options and a stream. What must hold: what a decoder gives of the
/// stream, access at any place gives too, chunk by chunk; and what a decoder finds wrong, at the
/// same place. A decoder stops at the first damage, whereas a walk goes on, and so may find more.
@c(LLVMFuzzerTestOneInput)
public func fuzzStreamArchive(bytes: UnsafePointer<UInt8>?, count: Int) -> CInt {
  guard let bytes, count > 1 else { return -1 }
  var stream = [UInt8](UnsafeBufferPointer(start: bytes + 1, count: count - 1))
  if bytes[0] & 1 != 0 { mendChecksums(&stream, withIndex: bytes[0] & 2 != 0) }

  let whole = Reading(stream)
  let archive = ArchiveReading(stream)
  // A decoder that has stopped before the index has not seen it; a walk begins with it.
  let isIndexBad =
    archive.origin == .index && archive.defects.contains { $0.code == .indexMismatch }
  if let failure = whole.failure {
    // Only whoever reads all state in order has its digest.
    require(
      archive.defects.contains { $0.isSame(as: failure) } || failure.code == .digestMismatch
        || isIndexBad,
      "a decoder finds \(failure), the archive \(archive.defects)")
  } else if whole.isWhole {
    require(archive.defects.isEmpty, "only the archive finds \(archive.defects)")
  }
  guard !isIndexBad else { return 0 }
  for (device, chunks) in archive.chunks.enumerated() {
    for (found, expected) in zip(chunks, whole.chunks(of: UInt16(device))) {
      require(found == expected, "the archive has \(found), a decoder \(expected)")
    }
  }
  if whole.isWhole {
    require(
      archive.chunks.joined().count == whole.checksums.count, "the archive has every chunk")
    require(
      archive.singles.allSatisfy { single in
        single.found == single.chunk
          && whole.chunks(of: single.chunk.device).contains {
            $0 == (single.chunk, single.checksum)
          }
      }, "a chunk read alone is the same: \(archive.singles)")
  }
  return 0
}
