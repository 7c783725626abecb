import ByteIO
import Devices

extension MLX5Model {
  private var allBlocks: MLX5ImageWriter.Blocks { .range(0..<memory.blockCount) }

  /// RUNNING to PRE_COPY, from where changes are tracked, or STOP to STOP_COPY.
  func save(isTracked: Bool) {
    imageCount = 0
    if settings.format == .tagged, settings.announcesSize {
      var body = ByteWriter(reserving: 8)
      body.little(sizeAhead(isTracked: isTracked))
      let header = TaggedRecord(byteCount: 8, flags: TaggedRecord.optional, tag: Self.sizeTag)
      head = StateFile(header.header + body.bytes)
    }
    if isTracked || !settings.usesChunks {
      add(allBlocks)
    } else {
      pendingChunks = 0..<memory.blockCount
      addChunk()
    }
    initialByteCount = isTracked ? UInt64(head.left) + (image?.left ?? 0) : 0
  }

  // mlx5vf_prep_stop_copy: the buffer that is made for the stopped device.
  private func sizeAhead(isTracked: Bool) -> UInt64 {
    let whole = MLX5ImageWriter.byteCount(allBlocks, of: memory)
    if settings.usesChunks { return Self.pages(min(Self.chunkByteCount, whole)) }
    return Self.pages(isTracked ? whole + whole / 10 : whole)
  }

  private static func pages(_ byteCount: UInt64) -> UInt64 { (byteCount + 4095) & ~4095 }

  private func add(_ blocks: MLX5ImageWriter.Blocks) {
    let content = MLX5Image(settings, of: memory, blocks: blocks.count, sequence: imageCount)
    let byteCount = MLX5ImageWriter.byteCount(blocks, of: memory)
    let record = TaggedRecord(byteCount: byteCount, flags: 0, tag: Self.imageTag)
    image = MLX5ImageWriter(
      settings.format == .raw ? [] : record.header, content, blocks, of: memory)
    imageCount += 1
  }

  private func addChunk() {
    let block = UInt64(GeneratedMemory.blockByteCount + GeneratedMemory.blockHeaderByteCount)
    let count = Int((Self.chunkByteCount - UInt64(MLX5Image.headerByteCount)) / block)
    let chunk = pendingChunks.prefix(count)
    pendingChunks = pendingChunks.dropFirst(count)
    add(.range(chunk))
  }

  /// PRE_COPY_P2P to STOP_COPY: changes go behind the unread rest of the images before.
  func saveRest() {
    isStopped = true
  }

  private func addChanges() {
    add(.list(dirty))
    dirty = []
    isDirty = []
  }

  func read(
    into span: inout MutableRawSpan, in state: MigrationState
  ) throws(LinuxErrno) -> Int {
    var filled = head.left > 0 ? head.read(into: &span) : 0
    while filled < span.byteCount {
      guard var current = image else { break }
      if current.left == 0 {
        if !pendingChunks.isEmpty {
          addChunk()
        } else if isStopped {
          isStopped = false
          addChanges()
        } else {
          break
        }
        continue
      }
      image = nil
      filled += current.read(into: &span, at: filled)
      image = current
    }
    position += UInt64(filled)
    if state == .preCopy { change(for: filled) }
    if filled == 0, state != .stopCopy, span.byteCount > 0 { throw .noMessage }
    return filled
  }

  // mlx5vf_precopy_ioctl: if all is read and something changed, an image of the changes is made.
  func preCopyInformation() throws(LinuxErrno) -> PreCopyInformation {
    if position < initialByteCount {
      return PreCopyInformation(
        initialByteCount: initialByteCount - position, dirtyByteCount: 0)
    }
    let left = image?.left ?? 0
    let changed =
      dirty.isEmpty ? 0 : MLX5ImageWriter.byteCount(.list(dirty), of: memory)
    if left == 0, changed > 0 { addChanges() }
    return PreCopyInformation(initialByteCount: 0, dirtyByteCount: left + changed)
  }

  /// The firmware's word on all of the context, whatever was read of it before.
  func stopCopyByteCount() throws(LinuxErrno) -> UInt64 {
    MLX5ImageWriter.byteCount(allBlocks, of: memory)
  }
}
