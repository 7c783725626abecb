private import ByteIO
private import CGlibc
import Devices
private import Glibc
import VFIOUser

/// The guest's memory that a client has mapped for the device, by the device's addresses.
///
/// A file is mapped into this process only if it is sealed against shrinking, for to touch a page
/// that its owner has cut off would end the process; other files are read and written by calls.
final class GuestMemory {
  /// A range of addresses, and what is behind it.
  struct Mapping {
    let range: AddressRange
    let access: DMAAccess
    let backing: Backing

    var end: UInt64 { range.start + range.byteCount }
  }

  enum Backing {
    case mapped(MappedFile)
    case file(KeptDescriptor, offset: UInt64)
    /// Nothing but addresses: the client is asked for what is there.
    case client
  }

  /// In ascending order, none over another.
  private(set) var mappings: [Mapping] = []
  /// Asks the client for memory that came without a file.
  var askClient: ((Request) throws(LinuxErrno) -> Reply)?
  /// The most bytes that the client takes or gives with a message (`max_data_xfer_size`).
  var clientByteLimit = VersionOffer.standardTransferByteLimit
  /// The pages written to since somebody asked; nil if nobody logs.
  private(set) var log: DMALog?

  /// Whether files are mapped that are not sealed: for a device of the kernel, which keeps the
  /// pages that it reaches, while this process touches none.
  var mapsUnsealedFiles = false

  private static let pageByteCount: UInt64 = 4096
  private let holdings: ClientHoldings
  /// Why the last range was refused, in words for a log; nil if the errno says it all.
  var refusal: String?

  /// How many bytes are mapped.
  private(set) var byteCount: UInt64 = 0

  init(_ holdings: ClientHoldings) { self.holdings = holdings }

  // MARK: Mapping

  /// Takes a range in, with the file that is behind it.
  ///
  /// EEXIST for addresses that are mapped, EINVAL for a range of no pages or a file that has not so
  /// much; beyond the client's share ENOSPC for ranges, ENOMEM for bytes and EMFILE for files.
  @discardableResult
  func map(
    _ mapping: DMAMapping, _ file: OwnedDescriptor?
  ) throws(LinuxErrno) -> Mapping {
    let range = mapping.range
    guard range.byteCount > 0, range.start % Self.pageByteCount == 0,
      range.byteCount % Self.pageByteCount == 0, !mapping.access.isEmpty
    else { throw .invalid }
    let share = holdings.share
    guard mappings.count < share.rangeCount else {
      throw refuse(.noSpace, "a client's share are \(share.rangeCount) ranges")
    }
    guard range.byteCount <= share.byteCount, byteCount <= share.byteCount - range.byteCount else {
      throw refuse(.outOfMemory, "a client's share are \(share.byteCount >> 30) GiB of ranges")
    }
    let place = index(behind: range.start)
    guard place == 0 || mappings[place - 1].end <= range.start,
      place == mappings.count
        || mappings[place].range.start >= range.start + range.byteCount
    else { throw refuse(LinuxErrno(rawValue: EEXIST), "some of its addresses are mapped") }
    let new = Mapping(
      range: range, access: mapping.access,
      backing: try backing(of: mapping, file))
    byteCount += range.byteCount
    mappings.insert(new, at: place)
    return new
  }

  private func refuse(_ errno: LinuxErrno, _ reason: String) -> LinuxErrno {
    refusal = reason
    return errno
  }

  private func backing(
    of mapping: DMAMapping, _ file: OwnedDescriptor?
  ) throws(LinuxErrno) -> Backing {
    guard let file else { return .client }
    var status = stat()
    guard unsafe fstat(file.number, &status) == 0 else { throw LinuxErrno(rawValue: errno) }
    // Memory is a file, of tmpfs, hugetlbfs or a disk; a pipe or a device is none.
    guard status.st_mode & S_IFMT == S_IFREG else {
      throw refuse(.invalid, "what came with it is no file of memory (a pipe, a device, a folder)")
    }
    // A mapping needs both to write (mmap(2)), and calls would fail later.
    let mode = fcntl(file.number, F_GETFL) & O_ACCMODE
    guard mode == O_RDWR || mode == O_RDONLY && !mapping.access.contains(.write) else {
      throw refuse(
        LinuxErrno(rawValue: EACCES), "the file is not open for what the device may do with it")
    }
    let size = UInt64(clamping: status.st_size)
    guard mapping.offset <= size, mapping.range.byteCount <= size - mapping.offset,
      mapping.offset % Self.pageByteCount == 0,
      let byteCount = Int(exactly: mapping.range.byteCount)
    else {
      throw refuse(
        .invalid,
        "expected pages of the file, of \(size) bytes, found "
          + "\(mapping.range.byteCount) bytes from \(mapping.offset) on")
    }
    let seals = ferry_seals(file.number)
    guard mapsUnsealedFiles || seals >= 0 && seals & FERRY_SEAL_SHRINK != 0 else {
      do throws(LinuxErrno) {
        return .file(try holdings.keep(file), offset: mapping.offset)
      } catch {
        throw refuse(
          error,
          "of files that are not sealed against shrinking (F_SEAL_SHRINK) and of eventfds a "
            + "client's share are \(holdings.share.descriptorCount)")
      }
    }
    return .mapped(
      try MappedFile(
        file.number, at: mapping.offset, byteCount: byteCount,
        isWritable: mapping.access.contains(.write)))
  }

  /// Takes out the ranges that lie within `range`, and gives them; EINVAL if one lies across its
  /// border or it is empty, ENOENT if there are none.
  @discardableResult
  func unmap(_ range: AddressRange) throws(LinuxErrno) -> [Mapping] {
    guard range.byteCount > 0 else { throw .invalid }
    let end = range.start.addingSaturating(range.byteCount)
    var first = index(behind: range.start)
    if first > 0, mappings[first - 1].range.start == range.start {
      first -= 1
    } else if first > 0, mappings[first - 1].end > range.start {
      throw .invalid
    }
    var last = first
    while last < mappings.count, mappings[last].range.start < end {
      guard mappings[last].end <= end else { throw .invalid }
      last += 1
    }
    guard last > first else { throw .noEntry }
    let gone = Array(mappings[first..<last])
    mappings.removeSubrange(first..<last)
    forget(gone)
    return gone
  }

  /// Takes out everything.
  @discardableResult
  func unmapAll() -> [Mapping] {
    let gone = mappings
    mappings = []
    forget(gone)
    return gone
  }

  private func forget(_ gone: [Mapping]) {
    byteCount -= gone.reduce(0) { $0 + $1.range.byteCount }
  }

  /// The place of the first mapping that begins behind `address`.
  private func index(behind address: UInt64) -> Int {
    var (low, high) = (0, mappings.count)
    while low < high {
      let middle = (low + high) / 2
      if mappings[middle].range.start <= address { low = middle + 1 } else { high = middle }
    }
    return low
  }

  // MARK: Logging

  /// Notes which pages are written to from now on.
  func startLog() throws(LinuxErrno) {
    guard log == nil else { throw .invalid }
    log = DMALog()
  }

  func stopLog() throws(LinuxErrno) {
    guard log != nil else { throw .invalid }
    log = nil
  }

  /// The pages of `range` that were written to since this was last asked, as a bitmap.
  func takeDirtyPages(
    in range: AddressRange, pageByteCount: UInt64
  ) throws(LinuxErrno) -> [UInt8] {
    guard log != nil else { throw .invalid }
    return log?.take(range, pageByteCount: pageByteCount) ?? []
  }
}

extension GuestMemory: DMAMemory {
  func read(into span: inout MutableRawSpan, at address: UInt64) throws(LinuxErrno) {
    let parts = try parts(address, span.byteCount, .read)
    var done = 0
    for part in parts {
      var room = span._mutatingExtracting(done..<done + part.count)
      try read(into: &room, part)
      done += part.count
    }
  }

  func write(_ bytes: RawSpan, at address: UInt64) throws(LinuxErrno) {
    let parts = try parts(address, bytes.byteCount, .write)
    var done = 0
    for part in parts {
      try write(bytes.extracting(done..<done + part.count), part)
      log?.note(part.address, byteCount: part.count)
      done += part.count
    }
  }

  private struct Part {
    let mapping: Mapping
    let address: UInt64
    let count: Int

    /// Where the part begins in its mapping.
    var offset: Int { Int(address - mapping.range.start) }
  }

  /// The mappings that hold so many bytes from `address` on, which are side by side.
  private func parts(
    _ address: UInt64, _ byteCount: Int, _ access: DMAAccess
  ) throws(LinuxErrno) -> [Part] {
    guard UInt64(byteCount) <= UInt64.max - address else { throw .fault }
    var parts: [Part] = []
    var (place, left) = (address, byteCount)
    var index = index(behind: address) - 1
    while left > 0 {
      guard index >= 0, index < mappings.count, mappings[index].range.start <= place,
        mappings[index].end > place, mappings[index].access.isSuperset(of: access)
      else { throw .fault }
      let count = Int(min(UInt64(left), mappings[index].end - place))
      parts.append(Part(mapping: mappings[index], address: place, count: count))
      place += UInt64(count)
      left -= count
      index += 1
    }
    return parts
  }

  private func read(into span: inout MutableRawSpan, _ part: Part) throws(LinuxErrno) {
    let count = part.count
    switch part.mapping.backing {
    case .mapped(let file):
      let source = unsafe file.bytes(part.offset..<part.offset + count)
      // SAFETY: both have `count` bytes; the file's are shared with the guest, and only copied.
      unsafe span.withUnsafeMutableBytes { unsafe $0.copyMemory(from: .init(source)) }
    case .file(let file, let offset):
      // SAFETY: the call writes within the span.
      let got = unsafe span.withUnsafeMutableBytes { room in
        unsafe pread(
          file.number, room.baseAddress, count, off_t(clamping: offset + UInt64(part.offset)))
      }
      guard got == count else { throw got < 0 ? LinuxErrno(rawValue: errno) : .fault }
    case .client:
      try forEachPiece(of: part) { (piece, ask) throws(LinuxErrno) in
        let range = AddressRange(
          start: part.address + UInt64(piece.lowerBound), byteCount: UInt64(piece.count))
        guard case .memory(_, let data) = try ask(.readDMA(range)) else { throw .fault }
        var room = span._mutatingExtracting(piece)
        room.copy(data.span.raw)
      }
    }
  }

  private func write(_ bytes: RawSpan, _ part: Part) throws(LinuxErrno) {
    let count = part.count
    switch part.mapping.backing {
    case .mapped(let file):
      let target = unsafe file.bytes(part.offset..<part.offset + count)
      // SAFETY: both have `count` bytes.
      unsafe bytes.withUnsafeBytes { unsafe target.copyMemory(from: $0) }
    case .file(let file, let offset):
      // SAFETY: the call reads within the span.
      let put = unsafe bytes.withUnsafeBytes { bytes in
        unsafe pwrite(
          file.number, bytes.baseAddress, count, off_t(clamping: offset + UInt64(part.offset)))
      }
      guard put == count else { throw put < 0 ? LinuxErrno(rawValue: errno) : .fault }
    case .client:
      try forEachPiece(of: part) { (piece, ask) throws(LinuxErrno) in
        let address = part.address + UInt64(piece.lowerBound)
        let request = Request.writeDMA(address: address, [UInt8](bytes.extracting(piece)))
        guard case .memoryWritten = try ask(request) else { throw .fault }
      }
    }
  }

  /// Calls `body` for the pieces of a part that the client takes one at a time.
  private func forEachPiece(
    of part: Part,
    _ body: (Range<Int>, (Request) throws(LinuxErrno) -> Reply) throws(LinuxErrno) -> Void
  ) throws(LinuxErrno) {
    guard let askClient, clientByteLimit > 0 else { throw .fault }
    var place = 0
    while place < part.count {
      let end = min(part.count, place + clientByteLimit)
      try body(place..<end, askClient)
      place = end
    }
  }
}
