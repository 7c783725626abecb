import ByteIO
public import MigrationStream
public import StateLayout
import StreamIO

extension CloudHypervisorSnapshot {
  // As many as a state is looked at for if it is short of time.
  private static let previewByteCount: UInt64 = 1 << 20
  private static let prefixByteCount = 16 << 10

  /// What the state of a device is, as far as a few reads tell; nil if nothing does, or there is
  /// none.
  public func preview(of device: Device) throws(InputError) -> StatePreview? {
    guard device.stateRange != nil else { return nil }
    let state = try state(of: device)
    var prefix = ByteBuffer()
    let isSmall = state.byteCount <= Self.previewByteCount
    do throws(StreamIOError) {
      let count = isSmall ? Int(state.byteCount) : Self.prefixByteCount
      try state.read(at: 0, count: count, into: &prefix)
    } catch {
      throw InputError(path, .file(error))
    }
    return StatePreview(
      prefix: [UInt8](prefix.bytes), byteCount: state.byteCount, driver: nil)
  }

  /// Writes a device as a stream of one device, all of whose state was read while the machine stood
  /// still; the caller finishes the sink.
  public func write<Sink: RecordSink & ~Copyable>(
    _ device: Device, information: StreamInformation, to sink: inout Sink,
    progress: (UInt64) -> Void = { _ in }
  ) throws(CopyError<InputError, Sink.Failure>) {
    let state: CloudHypervisorState
    do throws(InputError) {
      state = try self.state(of: device)
    } catch {
      throw .source(error)
    }
    do throws(Sink.Failure) {
      try sink.write(.information(information))
      try sink.write(.identity(DeviceIdentity(name: device.id), device: 0))
    } catch {
      throw .sink(error)
    }
    var position: UInt64 = 0
    var buffer = ByteBuffer()
    while position < state.byteCount {
      buffer.removeAll()
      let count = min(state.byteCount - position, UInt64(sink.limits.chunkByteCount))
      do throws(StreamIOError) {
        try state.read(at: position, count: Int(count), into: &buffer)
      } catch {
        throw .source(InputError(path, .file(error)))
      }
      do throws(Sink.Failure) {
        try sink.write(
          buffer.bytes, device: 0, context: StateChunk.Context(phase: .stopCopy))
      } catch {
        throw .sink(error)
      }
      position += count
      progress(position)
    }
  }
}
