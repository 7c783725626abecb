import ByteIO
import FuzzSupport
import MigrationStream
import StreamIO

/// The entry point of libFuzzer.
///
/// An input is one byte of options and a stream. What must hold: a stream does not differ from
/// itself, nor from a copy that is coded otherwise; and what is wrong with it, the comparison finds
/// as access at any place does.
@c(LLVMFuzzerTestOneInput)
public func fuzzComparison(bytes: UnsafePointer<UInt8>?, count: Int) -> CInt {
  guard let bytes, count > 1 else { return -1 }
  var stream = [UInt8](UnsafeBufferPointer(start: bytes + 1, count: count - 1))
  if bytes[0] & 1 != 0 { mendChecksums(&stream, withIndex: bytes[0] & 2 != 0) }

  let archive = ArchiveReading(stream)
  do throws(StreamIOError) {
    let differences = try differences(of: stream, stream)
    require(differences.isEmpty, "a stream differs from itself: \(differences)")
    require(archive.defects.isEmpty, "only the archive finds \(archive.defects)")
  } catch {
    let defect = error.streamError
    require(
      archive.defects.first.map(defect.isSame) == true,
      "a comparison finds \(defect), the archive \(archive.defects)")
    return 0
  }
  guard Reading(stream).isWhole else { return 0 }
  do {
    let differences = try differences(of: stream, reencoded(stream))
    require(differences.isEmpty, "a stream differs from its copy: \(differences)")
  } catch {
    require(false, "a copy cannot be compared: \(error)")
  }
  return 0
}

private func differences(
  of left: [UInt8], _ right: [UInt8]
) throws(StreamIOError) -> [StreamDifference] {
  let comparison = StreamComparison(
    try StreamArchive(MemoryInput(left)), try StreamArchive(MemoryInput(right)))
  return try comparison.differences()
}
