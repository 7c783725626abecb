import ByteIO
import MigrationStream

extension Workload {
  /// Encoder and decoder over `pages`; what is encoded lands in memory, what is decoded is looked
  /// at where it lies.
  static func codec(_ pages: Memory, _ compression: Compression) -> [Workload] {
    let name = compression == .raw ? "raw" : "zstd"
    let target = Memory(pages.count + pages.count / 64 + (1 << 16))
    let streamByteCount = encode(pages, compression, into: target)
    return [
      Workload("encode-\(name)", pages.count) { _ = encode(pages, compression, into: target) },
      Workload("decode-\(name)", pages.count) { decode(target, streamByteCount) },
    ]
  }

  /// Returns the length of the stream.
  private static func encode(
    _ pages: Memory, _ compression: Compression, into target: Memory
  ) -> Int {
    do throws(StreamError) {
      var encoder = try StreamEncoder(
        StreamHeader(uuid: StreamUUID("00000000-0000-4000-8000-000000000001") ?? .random()),
        compression: compression)
      var end = 0
      target.store(try encoder.write(.information(StreamInformation())), at: &end)
      target.store(try encoder.write(.identity(DeviceIdentity(), device: 0)), at: &end)
      let bytes = RawSpan(_unsafeBytes: UnsafeRawBufferPointer(pages.bytes))
      let context = StateChunk.Context(phase: .stopCopy)
      for chunk in pages.chunks(of: chunkByteCount) {
        target.store(
          try encoder.chunk(bytes.extracting(chunk), device: 0, context: context), at: &end)
      }
      target.store(try encoder.finish(), at: &end)
      return end
    } catch {
      preconditionFailure("the encoder refuses its benchmark: \(error)")
    }
  }

  private static func decode(_ stream: Memory, _ count: Int) {
    do throws(StreamError) {
      var decoder = StreamDecoder()
      var input = RawSpan(_unsafeBytes: UnsafeRawBufferPointer(stream.bytes)).extracting(0..<count)
      while let record = try decoder.next(&input) {
        if case .chunk = record { blackHole(try decoder.chunkBytes().byteCount) }
      }
      try decoder.finish()
    } catch {
      preconditionFailure("the decoder refuses its benchmark: \(error)")
    }
  }
}

extension Memory {
  /// Puts what the encoder lends at `end`, and moves that on.
  fileprivate func store(_ bytes: borrowing EncodedBytes, at end: inout Int) {
    store(bytes.head, at: &end)
    store(bytes.body, at: &end)
  }

  private func store(_ span: RawSpan, at end: inout Int) {
    precondition(count - end >= span.byteCount, "the target has room for the stream")
    span.withUnsafeBytes { source in
      if let from = source.baseAddress {
        (base + end).copyMemory(from: from, byteCount: source.count)
      }
    }
    end += span.byteCount
  }
}
