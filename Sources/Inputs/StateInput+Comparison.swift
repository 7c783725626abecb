import ByteIO
import StateLayout
public import StreamIO

extension StateInput {
  /// Where the bytes of two states differ; nil if they are the same.
  ///
  /// `progress` is told how many bytes were compared.
  public func difference(
    from other: StateInput, progress: (UInt64) -> Void = { _ in }
  ) throws(StreamIOError) -> StreamDifference? {
    var ranges = ByteRanges()
    var buffer = ByteBuffer()
    var otherBuffer = ByteBuffer()
    let (count, otherCount) = (source.byteCount, other.source.byteCount)
    let common = min(count, otherCount)
    var position: UInt64 = 0
    while position < common {
      let count = min(common - position, 1 << 20)
      buffer.removeAll()
      otherBuffer.removeAll()
      try source.read(at: position, count: Int(count), into: &buffer)
      try other.source.read(at: position, count: Int(count), into: &otherBuffer)
      ranges.append(differing: buffer.bytes, from: otherBuffer.bytes, at: position)
      position += count
      progress(position)
    }
    ranges.append(common..<max(count, otherCount))
    guard !ranges.isEmpty else { return nil }
    return StreamDifference(
      .state, device: nil, left: "\(count) bytes", right: "\(otherCount) bytes", ranges: ranges)
  }
}
