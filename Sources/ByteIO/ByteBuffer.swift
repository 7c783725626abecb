/// Memory that is filled, read in place and used again: the hot paths allocate nothing for each
/// record.
///
/// Sendable, though it holds a pointer: its memory has one owner, and goes where that goes.
@safe public struct ByteBuffer: ~Copyable, @unchecked Sendable {
  private var storage: UnsafeMutableRawBufferPointer
  /// The number of bytes held, from the start.
  public private(set) var count = 0

  /// A buffer with room for `capacity` bytes; it grows if its methods say so.
  public init(capacity: Int = 0) {
    unsafe storage = Self.allocate(capacity)
  }

  deinit { unsafe storage.deallocate() }

  // A cache line: what SIMD loads and direct I/O both like. For less than a page the allocator's
  // own alignment is got several times as fast.
  private static func allocate(_ capacity: Int) -> UnsafeMutableRawBufferPointer {
    .allocate(byteCount: capacity, alignment: capacity < 4096 ? 16 : 64)
  }

  /// The bytes that the buffer can hold without new memory.
  public var capacity: Int { unsafe storage.count }

  /// Makes room for `capacity` bytes in all, moving the bytes held.
  public mutating func reserve(_ capacity: Int) {
    guard capacity > self.capacity else { return }
    let larger = unsafe Self.allocate(capacity)
    // SAFETY: `larger` has room for all that `storage` has.
    unsafe larger.copyMemory(from: UnsafeRawBufferPointer(rebasing: storage[..<count]))
    unsafe storage.deallocate()
    unsafe storage = larger
  }

  /// Empties the buffer and keeps its memory.
  public mutating func removeAll() { count = 0 }

  /// Moves all but the first `count` bytes to the front.
  public mutating func removeFirst(_ count: Int) {
    precondition(count >= 0 && count <= self.count, "cannot remove more bytes than are held")
    let rest = self.count - count
    if rest > 0 && count > 0 {
      // SAFETY: both ranges lie within the bytes held; the copy allows overlap.
      unsafe UnsafeMutableRawBufferPointer(rebasing: storage[..<rest]).copyMemory(
        from: UnsafeRawBufferPointer(rebasing: storage[count..<self.count]))
    }
    self.count = rest
  }

  /// Appends a copy of `bytes`, growing as needed.
  public mutating func append(_ bytes: RawSpan) {
    if count + bytes.byteCount > capacity { reserve(max(count + bytes.byteCount, 2 * capacity)) }
    // SAFETY: the room was made above.
    unsafe bytes.withUnsafeBytes { source in
      unsafe UnsafeMutableRawBufferPointer(rebasing: storage[count...]).copyMemory(from: source)
    }
    count += bytes.byteCount
  }

  /// Appends a copy of `bytes`, growing as needed.
  public mutating func append(_ bytes: [UInt8]) { append(bytes.span.raw) }

  /// Appends a copy of the bytes that `other` holds in `range`, growing as needed.
  ///
  /// Takes the buffer and not its span, because a span of one stored property keeps its owner's
  /// others from changing.
  public mutating func append(_ other: borrowing ByteBuffer, _ range: Range<Int>) {
    append(other.bytes.extracting(range))
  }

  /// Appends `count` times `byte`, growing as needed.
  public mutating func append(repeating byte: UInt8, count: Int) {
    reserve(self.count + count)
    // SAFETY: the room was made above.
    unsafe UnsafeMutableRawBufferPointer(rebasing: storage[self.count..<self.count + count])
      .initializeMemory(as: UInt8.self, repeating: byte)
    self.count += count
  }

  /// The bytes held.
  public var bytes: RawSpan {
    @_lifetime(borrow self)
    get {
      // SAFETY: the span cannot outlive the borrow, during which the storage stays.
      let span = unsafe RawSpan(
        _unsafeBytes: UnsafeRawBufferPointer(rebasing: storage[..<count]))
      return unsafe _overrideLifetime(span, borrowing: self)
    }
  }

  /// Lends the room behind the bytes held, at most `limit` bytes of it; `body` fills it from the
  /// start and returns how far it came.
  public mutating func fill<Failure: Error>(
    limit: Int = .max, _ body: (inout MutableRawSpan) throws(Failure) -> Int
  ) throws(Failure) -> Int {
    let room = min(limit, capacity - count)
    // SAFETY: the span lies within the storage and ends with the call.
    var span = unsafe MutableRawSpan(
      _unsafeBytes: UnsafeMutableRawBufferPointer(rebasing: storage[count..<count + room]))
    let filled = try body(&span)
    precondition(filled >= 0 && filled <= room, "cannot fill more than the room lent")
    count += filled
    return filled
  }
}
