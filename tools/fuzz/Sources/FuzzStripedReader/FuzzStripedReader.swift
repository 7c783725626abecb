import ByteIO
import FuzzSupport
import MigrationStream
import StreamIO

/// The entry point of libFuzzer.
///
/// An input is one byte of options, the lengths of the first three channels in two bytes each, and
/// the channels. What must hold: no crash; and channels that are accepted make a stream that a
/// decoder accepts.
@c(LLVMFuzzerTestOneInput)
public func fuzzStripedReader(bytes: UnsafePointer<UInt8>?, count: Int) -> CInt {
  let prefixByteCount = 7
  guard let bytes, count > prefixByteCount else { return -1 }
  let input = [UInt8](UnsafeBufferPointer(start: bytes, count: count))
  let channels = channels(of: input, prefixByteCount: prefixByteCount)

  let output = MemoryOutput<StreamIOError>()
  do throws(StreamIOError) {
    var limits = DecodingLimits.standard
    limits.takesOneChannel = true
    var reader = try StripedReader(channelCount: channels.count) { (number) throws(StreamIOError) in
      StreamReader(
        MemoryInput<StreamIOError>(channels[Int(number)], name: "\(number)"), limits: limits)
    }
    let header = try reader.open()
    var writer = try StreamWriter(
      to: output,
      header: StreamHeader(
        uuid: header.uuid,
        limits: StreamLimits(
          chunkByteCount: header.limits.chunkByteCount,
          metadataByteCount: header.limits.metadataByteCount)))
    try reader.copy(into: &writer)
    try writer.finish()
  } catch {
    return 0
  }
  let failure = Reading(output.bytes).failure
  require(
    failure == nil, "channels that are whole make a stream that is not: \(failure, default: "")")
  return 0
}

private func channels(of input: [UInt8], prefixByteCount: Int) -> [[UInt8]] {
  let channelCount = 1 + Int(input[0] >> 1 & 3)
  var channels: [[UInt8]] = []
  var rest = input[prefixByteCount...]
  for number in 0..<channelCount {
    let length = Int(input[1 + 2 * min(number, 2)]) | Int(input[2 + 2 * min(number, 2)]) << 8
    var channel = [UInt8](number < channelCount - 1 ? rest.prefix(length) : rest)
    rest = rest.dropFirst(length)
    if input[0] & 1 != 0 { mendChecksums(&channel) }
    channels.append(channel)
  }
  return channels
}
