private import ByteIO
import Devices
private import Glibc
import SystemPackage
import VFIO

/// A client's connection to a server: one command at a time, each with its reply.
final class ClientConnection {
  /// Why a command has no reply that says anything.
  enum Failure: Error {
    /// The server's errno, and its words if it is one that has some; the connection goes on.
    case refused(LinuxErrno, reason: String?)
    /// The connection is of no use any more.
    case broken(ConnectionError)
  }

  private var socket: MessageSocket
  private let trace: MessageTrace?
  private let timeout: Duration
  private var number: UInt16 = 0
  private var breakage: ConnectionError?
  /// What the server said in VERSION.
  private(set) var server = VersionOffer(minor: 0)
  /// Memory of this process that the server may ask for.
  let memory = ClientMemory()

  // The specification that this is written from is 0.1.
  private static let minorVersion: UInt16 = 1

  /// Connects to the server at `path`, and agrees on a version with it.
  ///
  /// libvfio-user's socket is there before anybody listens at it, so a refusal is tried again for
  /// `patience`.
  init(
    path: String, timeout: Duration, patience: Duration, trace: MessageTrace?
  ) throws(Failure) {
    self.trace = trace
    self.timeout = timeout
    do throws(LinuxErrno) {
      let descriptor = try Self.connect(to: path, patience: patience)
      socket = MessageSocket(descriptor, timeout: timeout)
    } catch {
      throw .broken(.system(error))
    }
    var offer = VersionOffer.Capabilities()
    offer.descriptorLimit = 16
    offer.transferByteLimit = VersionOffer.standardTransferByteLimit
    let request = Request.version(
      VersionOffer(minor: Self.minorVersion, capabilities: offer))
    guard case .version(let answer) = try exchange(request).reply else { return }
    guard answer.major == 0, answer.minor <= Self.minorVersion else {
      throw broken(
        .malformed(
          MessageError(
            .version, at: MessageHead.byteCount,
            "expected version 0.0 or 0.1, found \(answer.major).\(answer.minor)")))
    }
    server = answer
    let wanted = answer.capabilities?.transferByteLimit ?? 0
    guard wanted >= Self.leastTransferByteCount || answer.capabilities?.transferByteLimit == nil
    else {
      throw broken(
        .malformed(
          MessageError(
            .version, at: MessageHead.byteCount + 4,
            "expected a max_data_xfer_size of \(Self.leastTransferByteCount) or more, found "
              + "\(wanted)")))
    }
  }

  // A register, and the structures that say what a region is.
  private static let leastTransferByteCount = 256

  private static func connect(
    to path: String, patience: Duration
  ) throws(LinuxErrno) -> Int32 {
    let end = ContinuousClock.now + patience
    while true {
      let descriptor = try UnixSocket.make().rawValue
      do throws(LinuxErrno) {
        try UnixSocket.connect(descriptor, to: path)
        return descriptor
      } catch {
        close(descriptor)
        guard error.rawValue == ECONNREFUSED, ContinuousClock.now < end,
          !Interruption.isRequested
        else { throw error }
        usleep(10_000)
      }
    }
  }

  /// The most bytes of data that a message of either side may carry.
  var transferByteLimit: Int {
    min(
      server.capabilities?.transferByteLimit ?? VersionOffer.standardTransferByteLimit,
      VersionOffer.standardTransferByteLimit)
  }

  /// The most descriptors that the server takes with a message.
  var descriptorLimit: Int {
    max(1, server.capabilities?.descriptorLimit ?? VersionOffer.standardDescriptorLimit)
  }

  private func broken(_ error: ConnectionError) -> Failure {
    breakage = error
    return .broken(error)
  }

  /// Sends a command, and waits for its reply; meanwhile the server is given the memory that it
  /// asks for.
  func exchange(
    _ request: Request, descriptors: [Int32] = []
  ) throws(Failure) -> (reply: Reply, descriptors: [OwnedDescriptor]) {
    if let breakage { throw .broken(breakage) }
    number &+= 1
    let command = Message(
      number, request.command, .command(wantsReply: true), body: request.body)
    let pending = trace?.begin(command, from: .client, descriptorCount: descriptors.count)
    let received: ReceivedMessage
    do throws(ConnectionError) {
      try socket.send(command, descriptors: descriptors)
      received = try reply(to: command)
    } catch {
      if let trace, let pending { trace.end(pending, reply: nil) }
      throw broken(error)
    }
    let message = received.message
    if let trace, let pending {
      trace.end(pending, reply: message, descriptorCount: received.descriptors.count)
    }
    if case .failure(let errno) = message.kind {
      throw .refused(errno, reason: message.refusalReason)
    }
    do throws(MessageError) {
      return (try Reply(parsing: message.body.span.raw, to: request), received.descriptors)
    } catch {
      throw broken(.malformed(error))
    }
  }

  /// Waits for the reply to a command.
  ///
  /// One that asks for memory instead, over and over, has as long as one that says nothing.
  private func reply(to command: Message) throws(ConnectionError) -> ReceivedMessage {
    let end = ContinuousClock.now + timeout
    while true {
      guard ContinuousClock.now < end else { throw .timeout }
      let received = try socket.receive()
      let message = received.message
      if case .command(let wantsReply) = message.kind {
        try serve(message, wantsReply: wantsReply)
        continue
      }
      if case .other = message.kind {
        throw .malformed(message.error(expecting: "a command or a reply"))
      }
      guard message.number == command.number, message.command == command.command else {
        throw .malformed(
          MessageError(
            message.command, at: 0,
            "expected the reply to \(command.command) with the number \(command.number), found "
              + "the number \(message.number)"))
      }
      return received
    }
  }

  /// Answers a command of the server.
  private func serve(_ message: Message, wantsReply: Bool) throws(ConnectionError) {
    let pending = trace?.begin(message, from: .server)
    var reply = Message(message.number, message.command, .reply)
    do throws(LinuxErrno) {
      let request: Request
      do throws(MessageError) {
        request = try Request(parsing: message.body.span.raw, of: message.command)
      } catch {
        throw .invalid
      }
      // This side's own limit, whatever the server's is.
      let limit = VersionOffer.standardTransferByteLimit
      reply.body = try memory.answer(request, limit: limit).body(to: request)
    } catch {
      reply.kind = .failure(error)
    }
    if let trace, let pending { trace.end(pending, reply: wantsReply ? reply : nil) }
    if wantsReply { try socket.send(reply) }
  }
}
