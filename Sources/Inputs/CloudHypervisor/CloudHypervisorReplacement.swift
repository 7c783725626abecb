public import ByteIO
import StateLayout
public import StreamIO

/// A copy of a Cloud Hypervisor snapshot's state in which the state of one device is another, and
/// all else is the same byte for byte.
public struct CloudHypervisorReplacement {
  private let snapshot: CloudHypervisorSnapshot
  private let range: Range<UInt64>
  // A multiple of 3, so that only the last piece is padded.
  private static let pieceByteCount = 3 << 16

  /// A copy of `snapshot` with other state of `device`.
  ///
  /// - Throws: `InputError` with cause `absent` if the snapshot has no state of the device.
  public init(
    of device: CloudHypervisorSnapshot.Device, in snapshot: CloudHypervisorSnapshot
  ) throws(InputError) {
    self.snapshot = snapshot
    range = try snapshot.state(of: device).range
  }

  /// Writes the copy, with `state` read to its end, and finishes `sink`.
  public func write<
    State: ByteSource<StreamIOError> & ~Copyable, Sink: ByteSink<StreamIOError> & ~Copyable
  >(
    _ state: inout State, to sink: inout Sink, progress: (UInt64) -> Void = { _ in }
  ) throws(StreamIOError) {
    try copy(0..<range.lowerBound, to: &sink)
    var buffer = ByteBuffer()
    var byteCount: UInt64 = 0
    while true {
      buffer.removeAll()
      try state.read(into: &buffer, upTo: Self.pieceByteCount)
      if buffer.count == 0 { break }
      try sink.write(Base64.text(buffer.bytes).span.raw, RawSpan())
      byteCount += UInt64(buffer.count)
      progress(byteCount)
    }
    try copy(range.upperBound..<snapshot.file.byteCount, to: &sink)
    try sink.finish()
  }

  private func copy<Sink: ByteSink<StreamIOError> & ~Copyable>(
    _ range: Range<UInt64>, to sink: inout Sink
  ) throws(StreamIOError) {
    var position = range.lowerBound
    var buffer = ByteBuffer()
    while position < range.upperBound {
      buffer.removeAll()
      let count = Int(min(range.upperBound - position, UInt64(Self.pieceByteCount)))
      try snapshot.file.read(at: position, count: count, into: &buffer)
      try sink.write(buffer.bytes, RawSpan())
      position += UInt64(count)
    }
  }
}
