public import ByteIO
public import StreamIO

/// The state of a device of a stream.
public struct DeviceState: StateInputSource {
  private let state: ArchivedState
  private let device: UInt16
  public let byteCount: UInt64
  private let chunkLimit: UInt64?

  /// The state of `device`, which must be one of the catalog's. Reading is refused once
  /// `chunkLimit` chunks of the archive were decoded in all; nil sets no limit.
  public init(of device: UInt16, in state: ArchivedState, chunkLimit: UInt64? = nil) {
    self.state = state
    self.device = device
    byteCount = state.catalog.devices[Int(device)].state.byteCount
    self.chunkLimit = chunkLimit
  }

  public func read(
    at offset: UInt64, count: Int, into buffer: inout ByteBuffer
  ) throws(StreamIOError) {
    if let chunkLimit, state.decodedChunkCount >= chunkLimit {
      throw StreamIOError(state.archive.path, .content("expected to read less of the state"))
    }
    try state.read(device: device, at: offset, count: count, into: &buffer)
  }
}
