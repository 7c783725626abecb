import ByteIO
import MigrationStream

/// Holds the state of one device of an archive against the digest of its summary.
struct SummaryCheck {
  private let summary: DeviceSummary
  private let place: RecordLocation
  private var digests: StateDigests

  /// The check of `device`, before its first byte; nil if its summary has no digest that is known
  /// here.
  init?(
    of device: UInt16, in catalog: StreamCatalog, _ archive: borrowing StreamArchive
  ) throws(StreamIOError) {
    let known = catalog.devices[Int(device)]
    guard let summary = known.summary, let algorithm = summary.digest?.algorithm,
      let offset = known.recordOffsets[.deviceSummary], Digest.Algorithm.known.contains(algorithm)
    else { return nil }
    var buffer = ByteBuffer()
    let header = try archive.recordHeader(at: offset, &buffer)
    self.summary = summary
    place = RecordLocation(header, payloadOffset: offset + UInt64(RecordHeader.byteCount))
    digests = StateDigests([algorithm])
    guard digests.addDevice() else {
      throw StreamIOError(
        archive.path,
        .stream(place.error(.compression, expected: "memory for a digest", found: "none")))
    }
  }

  /// Takes the next of the device's state.
  mutating func update(_ bytes: RawSpan) { digests.update(bytes, of: 0) }

  /// Throws unless what came has the digest; `path` is what errors call the stream.
  func finish(_ path: String) throws(StreamIOError) {
    do throws(StreamError) {
      _ = try digests.check(summary, of: 0, at: place)
    } catch {
      throw StreamIOError(path, .stream(error))
    }
  }
}
