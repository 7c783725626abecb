import ByteIO
import Devices

extension MLX5Model {
  func write(_ bytes: RawSpan) throws(LinuxErrno) -> Int {
    if isFailed { throw .noDevice }
    do throws(LinuxErrno) {
      if settings.format == .raw {
        try writeImage(bytes)
      } else {
        try writeRecords(bytes)
      }
    } catch {
      // Without records a write that does not fit leaves the file as it is.
      isFailed = settings.format == .tagged
      throw error
    }
    return bytes.byteCount
  }

  // The drivers before 6.2 gather one image, and load it when RESUMING is left.
  private func writeImage(_ bytes: RawSpan) throws(LinuxErrno) {
    guard written + UInt64(bytes.byteCount) <= Self.rawLimit else { throw .outOfMemory }
    written += UInt64(bytes.byteCount)
    firmwareReader.write(bytes)
  }

  // mlx5vf_resume_write.
  private func writeRecords(_ bytes: RawSpan) throws(LinuxErrno) {
    var offset = 0
    while true {
      let start = offset
      guard let event = records.next(bytes, at: &offset) else { return }
      switch event {
      case .header(let record): try begin(record)
      case .body(let count):
        let part = bytes.extracting(start..<start + count)
        switch records.record?.tag {
        case Self.imageTag: firmwareReader.write(part)
        case Self.sizeTag:
          sizeRecord += [UInt8](part.extracting(first: 8 - min(8, sizeRecord.count)))
        default: break
        }
      case .end(let record):
        if record.tag == Self.imageTag {
          try loadImage()
        } else if record.tag == Self.sizeTag {
          let value = sizeRecord + [UInt8](repeating: 0, count: 8 - sizeRecord.count)
          sizeHint = min(value.span.raw.little(UInt64.self, at: 0), TaggedRecord.byteCountLimit)
        }
      }
    }
  }

  private func begin(_ record: TaggedRecord) throws(LinuxErrno) {
    guard record.byteCount <= TaggedRecord.byteCountLimit else { throw .outOfMemory }
    switch record.tag {
    case Self.imageTag:
      // Room is made at once, for the image or for what was announced.
      guard max(record.byteCount, sizeHint) <= settings.hostByteCount else { throw .outOfMemory }
      firmwareReader = MLX5ImageReader(byteCount: settings.byteCount)
    // Whatever its flags say.
    case Self.sizeTag: sizeRecord = []
    default: guard record.isOptional else { throw .notSupported }
    }
  }

  /// Has the firmware load the image that is complete.
  func loadImage() throws(LinuxErrno) {
    memory = try firmwareReader.load(
      onto: memory, settings, sequence: loadedImageCount)
    loadedImageCount &+= 1
  }
}
