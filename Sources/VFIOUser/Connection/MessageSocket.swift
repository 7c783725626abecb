private import ByteIO
private import CGlibc
import Devices
private import Glibc

/// A message with the descriptors that came with it.
public struct ReceivedMessage: Sendable {
  /// The message.
  public let message: Message
  /// Its head as it came, with what a message has no place for.
  let head: [2 of UInt64]
  /// In the order in which they were sent.
  public let descriptors: [OwnedDescriptor]
}

/// One end of a connection: a Unix stream socket that messages and descriptors go over.
///
/// Memory and time are bounded whatever the other side does: a message has at most
/// `limits.messageByteCount` bytes and `limits.descriptorCount` descriptors, and comes or goes
/// within `timeout` as a whole.
public struct MessageSocket: ~Copyable {
  /// What one message may have.
  public struct Limits: Sendable, Hashable {
    /// With its head.
    public var messageByteCount: Int
    /// Of one message, and of those that were not taken yet.
    public var descriptorCount: Int

    /// Limits for a side that takes so much data with a message.
    public init(
      transferByteCount: Int = VersionOffer.standardTransferByteLimit, descriptorCount: Int = 16
    ) {
      messageByteCount = transferByteCount + Self.structureByteCount
      self.descriptorCount = descriptorCount
    }

    // More than the head and the structures before the data take; ranges of DMA logging are data.
    private static let structureByteCount = 4096
  }

  private let socket: OwnedDescriptor
  /// What is taken for a message.
  public let limits: Limits
  private let timeout: Duration
  private var buffer = ByteBuffer(capacity: 4096)
  /// How many bytes were taken out of the buffer since the connection began.
  private var taken = 0
  /// The descriptors that came, with the place in the stream of the message that they belong to.
  private var arrived: [(place: Int, descriptor: OwnedDescriptor)] = []
  /// Room for the descriptors of one call: no more are opened, whatever the other side sends.
  private var numbers: [Int32]

  /// How long one may take once an `Interruption` was requested.
  private static let hurriedTimeout = Duration.seconds(5)

  /// How long a message may take if nobody says otherwise.
  public static let standardTimeout = Duration.seconds(60)

  /// Takes over a connected socket.
  public init(
    _ descriptor: Int32, limits: Limits = Limits(), timeout: Duration = standardTimeout
  ) {
    socket = OwnedDescriptor(descriptor)
    self.limits = limits
    self.timeout = timeout
    numbers = [Int32](
      repeating: -1, count: min(limits.descriptorCount, Int(FERRY_DESCRIPTORS_MAX)))
  }

  /// The number of the socket's descriptor, which is open as long as this value.
  public var descriptor: Int32 { socket.number }

  // MARK: Sending

  /// Sends a message in one piece, and waits until it is gone.
  public func send(
    _ message: Message, descriptors: [Int32] = []
  ) throws(ConnectionError) {
    try send(message.bytes, descriptors)
  }

  /// Sends a message on as it came.
  func pass(_ received: ReceivedMessage) throws(ConnectionError) {
    var bytes = ByteWriter(reserving: MessageHead.byteCount + received.message.body.count)
    bytes.little(received.head[0])
    bytes.little(received.head[1])
    bytes.append(received.message.body)
    try send(bytes.bytes, received.descriptors.map(\.number))
  }

  private func send(_ bytes: [UInt8], _ descriptors: [Int32]) throws(ConnectionError) {
    var sent = 0
    var end: ContinuousClock.Instant?
    while sent < bytes.count {
      // Descriptors go with the first byte.
      let count = unsafe bytes.withUnsafeBytes { bytes in
        // SAFETY: `sent` is below the count of the bytes that the pointer is of.
        unsafe ferry_send(
          socket.number, bytes.baseAddress.unsafelyUnwrapped + sent, bytes.count - sent,
          descriptors, sent == 0 ? descriptors.count : 0, 0)
      }
      if Int32(clamping: -count) == EAGAIN {
        let deadline = end ?? .now + timeout
        end = deadline
        try wait(for: POLLOUT, until: deadline)
      } else {
        sent += try Self.result(count)
      }
    }
  }

  /// Waits until the socket can be read or written.
  private func wait(
    for events: Int32, until end: ContinuousClock.Instant
  ) throws(ConnectionError) {
    var end = end
    var isHurried = false
    while true {
      // Whoever was asked to give up still brings a device back, but waits no longer than it must.
      if Interruption.isRequested, !isHurried {
        end = min(end, .now + Self.hurriedTimeout)
        isHurried = true
      }
      let left = max(.zero, end - .now) / .milliseconds(1)
      var request = pollfd(fd: socket.number, events: Int16(events), revents: 0)
      let count = unsafe poll(&request, 1, Int32(clamping: Int(left.rounded(.up))))
      if count > 0 { return }
      if count == 0 { throw .timeout }
      guard errno == EINTR else {
        throw .system(LinuxErrno(rawValue: errno))
      }
    }
  }

  private static func result(_ count: Int) throws(ConnectionError) -> Int {
    guard count < 0 else { return count }
    switch Int32(clamping: -count) {
    case EINTR: return 0
    case EAGAIN: throw .timeout
    case EPIPE, ECONNRESET: throw .closed(isWithinMessage: false)
    case let number: throw .system(LinuxErrno(rawValue: number))
    }
  }

  /// Whether a message can be sent, or begun, without waiting.
  public var hasRoom: Bool {
    var request = pollfd(fd: socket.number, events: Int16(POLLOUT), revents: 0)
    return unsafe poll(&request, 1, 0) > 0
  }

  // MARK: Receiving

  /// Whether a whole message has come that was not taken, or one that is none.
  public var holdsMessage: Bool {
    guard buffer.count >= MessageHead.byteCount else { return false }
    guard let head = try? head(at: 0) else { return true }
    return buffer.count >= Int(head.byteCount)
  }

  /// Waits for the next message.
  public mutating func receive() throws(ConnectionError) -> ReceivedMessage {
    let end = ContinuousClock.now + timeout
    while true {
      if let message = try next() { return message }
      try wait(for: POLLIN, until: end)
      try fill()
    }
  }

  /// The next message, if all of it has come.
  public mutating func next() throws(ConnectionError) -> ReceivedMessage? {
    guard buffer.count >= MessageHead.byteCount else { return nil }
    let head = try head(at: 0)
    let byteCount = Int(head.byteCount)
    guard buffer.count >= byteCount else {
      buffer.reserve(byteCount)
      return nil
    }
    let body = [UInt8](buffer.bytes.extracting(MessageHead.byteCount..<byteCount))
    let bytes: [2 of UInt64] = [
      buffer.bytes.little(UInt64.self, at: 0), buffer.bytes.little(UInt64.self, at: 8),
    ]
    buffer.removeFirst(byteCount)
    let descriptors = arrived.filter { $0.place == taken }.map(\.descriptor)
    arrived.removeAll { $0.place == taken }
    taken += byteCount
    return ReceivedMessage(
      message: Message(head.number, head.command, head.kind, body: body), head: bytes,
      descriptors: descriptors)
  }

  private func head(at place: Int) throws(ConnectionError) -> MessageHead {
    do throws(MessageError) {
      return try MessageHead(
        parsing: buffer.bytes.extracting(place..<place + MessageHead.byteCount),
        limit: limits.messageByteCount)
    } catch {
      throw .malformed(error)
    }
  }

  /// Waits for bytes, and takes what has come, once.
  public mutating func fill() throws(ConnectionError) {
    if buffer.count == buffer.capacity { buffer.reserve(2 * buffer.capacity) }
    var count = 0
    let descriptor = socket.number
    let room = min(numbers.count, limits.descriptorCount - arrived.count)
    var received = 0
    _ = buffer.fill { span in
      // SAFETY: the call writes within the span and the array, whose room it is told.
      received = unsafe span.withUnsafeMutableBytes { bytes in
        unsafe ferry_receive(
          descriptor, bytes.baseAddress.unsafelyUnwrapped, bytes.count, &numbers, room, &count)
      }
      return max(0, received)
    }
    let descriptors = (0..<count).map { OwnedDescriptor(numbers[$0]) }
    if received == 0 { throw .closed(isWithinMessage: buffer.count > 0) }
    guard Int32(clamping: -received) != EMSGSIZE else {
      throw .malformed(
        MessageError(
          nil, at: 0,
          "expected at most \(limits.descriptorCount) descriptors, and no more than this process "
            + "may open"))
    }
    _ = try Self.result(received)
    guard !descriptors.isEmpty else { return }
    // A call ends with the bytes that descriptors came with, so they are of the message that
    // began last (net/unix/af_unix.c, unix_stream_read_generic).
    let place = taken + (try lastMessageStart())
    arrived += descriptors.map { (place, $0) }
  }

  /// The place in the buffer of the last message that begins in it.
  private func lastMessageStart() throws(ConnectionError) -> Int {
    var place = 0
    while place + MessageHead.byteCount <= buffer.count {
      let end = place + Int(try head(at: place).byteCount)
      guard end < buffer.count else { break }
      place = end
    }
    return place
  }
}
