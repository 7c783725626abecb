// The names are C's.
// swift-format-ignore-file: AlwaysUseLowerCamelCase

public import CFerry
import MigrationStream
import StreamIO

/// Reads a stream to its end and checks all of it.
@c @implementation
public func ferry_stream_verify(
  _ source: UnsafePointer<ferry_source>?, _ totals: UnsafeMutablePointer<ferry_stream_totals>?,
  _ error: UnsafeMutablePointer<ferry_error>?
) -> ferry_status {
  call(error) { () throws(Failure) in
    let kept = KeptFailure()
    let input = try Input(source.required("source").pointee)
    var reader = StreamReader(CallerByteSource(input: input, kept: kept))
    var found = ferry_stream_totals()
    do throws(StreamIOError) {
      while let record = try reader.next() {
        switch record {
        case .identity: found.device_count += 1
        case .chunk: found.state_size += UInt64(try reader.chunkBytes().byteCount)
        default: break
        }
      }
    } catch {
      throw kept.failure(for: error)
    }
    let devices = 0..<found.device_count
    found.unverified_count = UInt32(
      devices.count { !reader.isVerified(device: UInt16(truncatingIfNeeded: $0)) })
    totals?.pointee = found
  }
}

/// A reader that passes over damage.
@c @implementation
public func ferry_reader_salvage(
  _ file: UnsafePointer<ferry_file>?, _ reader: UnsafeMutablePointer<ferry_reader>?,
  _ error: UnsafeMutablePointer<ferry_error>?
) -> ferry_status {
  call(error) { () throws(Failure) in
    let result = try reader.required("reader")
    let input = try RandomInput(file.required("file").pointee)
    result.pointee = try HandleTable.shared.insert(OpenReader(SalvagedStream(input)))
  }
}

/// The same of a descriptor.
@c @implementation
public func ferry_reader_salvage_fd(
  _ fd: Int32, _ reader: UnsafeMutablePointer<ferry_reader>?,
  _ error: UnsafeMutablePointer<ferry_error>?
) -> ferry_status {
  call(error) { () throws(Failure) in
    let result = try reader.required("reader")
    let input = try RandomInput(descriptor: fd)
    result.pointee = try HandleTable.shared.insert(OpenReader(SalvagedStream(input)))
  }
}

/// What is wrong with a stream as a whole.
@c @implementation
public func ferry_reader_damage(
  _ reader: ferry_reader, _ damage: UnsafeMutablePointer<ferry_damage>?,
  _ error: UnsafeMutablePointer<ferry_error>?
) -> ferry_status {
  call(reader, as: OpenReader.self, error) { reader throws(Failure) in
    let damage = try damage.required("damage")
    damage.pointee = try reader.stream.damage()
  }
}

/// What of a device is lost.
@c @implementation
public func ferry_reader_loss(
  _ reader: ferry_reader, _ device: UInt16, _ loss: UnsafeMutablePointer<ferry_loss>?,
  _ error: UnsafeMutablePointer<ferry_error>?
) -> ferry_status {
  call(reader, as: OpenReader.self, error) { reader throws(Failure) in
    let loss = try loss.required("loss")
    loss.pointee = try reader.stream.loss(of: device)
  }
}
