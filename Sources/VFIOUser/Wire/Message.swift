import ByteIO
public import Devices

/// The head of a message: 16 bytes in host order (docs/interop/vfio-user.rst, "Header").
public struct MessageHead: Sendable, Hashable {
  /// The bytes of a head.
  public static let byteCount = 16

  /// Chosen by the sender of a command; a reply has the number of its command.
  public var number: UInt16
  /// What the message asks for, or answers.
  public var command: MessageCommand
  /// Of the whole message, with these 16 bytes.
  public var byteCount: UInt32
  /// Whether it is a reply, a failure, a command that wants no reply, or none of these.
  public var kind: Message.Kind

  // Bits 0 to 3 of the flags are the type, 0 of a command and 1 of a reply.
  private static let command: UInt32 = 0x00
  private static let reply: UInt32 = 0x01
  private static let typeMask: UInt32 = 0x0f
  private static let noReply: UInt32 = 0x10
  private static let error: UInt32 = 0x20

  /// The head of a message.
  public init(_ message: Message) {
    number = message.number
    command = message.command
    byteCount = UInt32(Self.byteCount + message.body.count)
    kind = message.kind
  }

  /// The head in the first 16 of `bytes`, which must be there; `limit` is the most bytes of a
  /// message.
  public init(parsing bytes: RawSpan, limit: Int) throws(MessageError) {
    number = bytes.little(UInt16.self, at: 0)
    command = MessageCommand(rawValue: bytes.little(UInt16.self, at: 2))
    byteCount = bytes.little(UInt32.self, at: 4)
    let flags = bytes.little(UInt32.self, at: 8)
    let number = bytes.little(UInt32.self, at: 12)
    switch flags & Self.typeMask {
    case Self.command: kind = .command(wantsReply: flags & Self.noReply == 0)
    case Self.reply where flags & Self.error == 0: kind = .reply
    case Self.reply:
      // The specification allows a failure without a number.
      let errno = LinuxErrno(rawValue: Int32(clamping: number))
      kind = .failure(number == 0 ? .inputOutput : errno)
    case let type: kind = .other(type: UInt8(type))
    }
    guard byteCount >= UInt32(Self.byteCount), byteCount <= limit else {
      throw MessageError(
        command, at: 4, "expected \(Self.byteCount) to \(limit) bytes, found \(byteCount)")
    }
  }

  func write(to writer: inout ByteWriter) {
    writer.little(number)
    writer.little(command.rawValue)
    writer.little(byteCount)
    let (flags, error): (UInt32, Int32) =
      switch kind {
      case .command(let wantsReply): (wantsReply ? 0 : Self.noReply, 0)
      case .reply: (Self.reply, 0)
      case .failure(let errno): (Self.reply | Self.error, errno.rawValue)
      case .other(let type): (UInt32(type) & Self.typeMask, 0)
      }
    writer.little(flags)
    writer.little(error)
  }
}

/// A message, without the descriptors that come with it.
public struct Message: Sendable, Hashable {
  /// What a message is to its receiver.
  public enum Kind: Sendable, Hashable {
    case command(wantsReply: Bool)
    case reply
    /// A reply that is an errno. The specification gives it no body; at Ferry's control socket it
    /// may have one, the reason in words.
    case failure(LinuxErrno)
    /// Of a type that the specification does not have, 2 to 15: nothing that either side knows.
    case other(type: UInt8)
  }

  /// As ``MessageHead/number``.
  public var number: UInt16
  /// What the message asks for, or answers.
  public var command: MessageCommand
  /// Whether it is a command or a reply.
  public var kind: Kind
  /// Everything behind the head.
  public var body: [UInt8]

  /// A message with this content.
  public init(_ number: UInt16, _ command: MessageCommand, _ kind: Kind, body: [UInt8] = []) {
    self.number = number
    self.command = command
    self.kind = kind
    self.body = body
  }

  /// What is wrong with a message that is not of the kind that is due.
  package func error(expecting kind: String) -> MessageError {
    let found =
      switch self.kind {
      case .command: "a command"
      case .reply, .failure: "a reply"
      case .other(let type): "the type \(type)"
      }
    return MessageError(command, at: 8, "expected \(kind), found \(found)")
  }

  /// The words of a failure that has some, without what a terminal does not print; nil for all
  /// other messages.
  var refusalReason: String? {
    guard case .failure = kind, !body.isEmpty else { return nil }
    let printable = body.prefix(Self.reasonByteLimit).filter { (0x20..<0x7f).contains($0) }
    return String(decoding: printable, as: UTF8.self)
  }

  private static let reasonByteLimit = 256

  /// The message with its head, as it goes over a socket in one call: libvfio-user and QEMU take a
  /// message that comes in pieces for damage.
  public var bytes: [UInt8] {
    var writer = ByteWriter(reserving: MessageHead.byteCount + body.count)
    MessageHead(self).write(to: &writer)
    writer.append(body)
    return writer.bytes
  }
}

/// The parts of a body, read one after the other; errors say where in the message.
struct BodyReader: ~Escapable {
  private var reader: ByteReader
  private let command: MessageCommand

  @_lifetime(copy bytes)
  init(_ bytes: RawSpan, of command: MessageCommand) {
    reader = ByteReader(bytes, baseOffset: UInt64(MessageHead.byteCount))
    self.command = command
  }

  var remaining: Int { reader.remaining }

  func error(_ reason: String, back count: Int = 0) -> MessageError {
    MessageError(command, at: Int(reader.offset) - count, reason)
  }

  @_lifetime(self: copy self)
  mutating func word() throws(MessageError) -> UInt32 { try integer(UInt32.self) }

  @_lifetime(self: copy self)
  mutating func long() throws(MessageError) -> UInt64 { try integer(UInt64.self) }

  @_lifetime(self: copy self)
  mutating func integer<Value: FixedWidthInteger & BitwiseCopyable>(
    _ type: Value.Type
  ) throws(MessageError) -> Value {
    let left = reader.remaining
    do throws(ByteError) {
      return try reader.little(type)
    } catch {
      throw self.error("expected \(MemoryLayout<Value>.size) bytes, found \(left)")
    }
  }

  /// The next `count` bytes.
  @_lifetime(self: copy self)
  mutating func bytes(_ count: Int) throws(MessageError) -> [UInt8] {
    let left = reader.remaining
    do throws(ByteError) {
      return [UInt8](try reader.take(count))
    } catch {
      throw self.error("expected \(count) bytes, found \(left)")
    }
  }

  /// Whatever is left.
  @_lifetime(self: copy self)
  mutating func rest() throws(MessageError) -> [UInt8] { try bytes(remaining) }

  /// Refuses bytes that nobody asked for.
  func end() throws(MessageError) {
    guard remaining == 0 else { throw error("expected the end, found \(remaining) bytes") }
  }
}
