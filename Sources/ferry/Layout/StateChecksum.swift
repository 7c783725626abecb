import ByteIO
import Inputs
import StateLayout
import StreamIO

/// CRC-32C of parts of a state, read in pieces.
enum StateChecksum {
  static func text(of payload: Payload, in source: some StateInputSource) throws -> String {
    var checksum: UInt32 = 0
    try payload.forEach(from: source) { (span) throws(StreamIOError) in
      checksum = CRC32C.checksum(of: span, continuing: checksum)
    }
    return hex(checksum, digits: 8)
  }
}
