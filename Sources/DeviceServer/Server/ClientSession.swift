import ByteIO
import Devices
import VFIO
import VFIOUser

/// A client's connection: its commands, one after the other, and those of the server that it
/// answers.
final class ClientSession {
  private var socket: MessageSocket
  private let function: ServedFunction
  private let side: ServedFunction.Side
  private let trace: MessageTrace?
  private let refused: (MessageCommand, LinuxErrno) -> Void
  private var hasVersion = false
  // What came while the server waited for an answer of the client's.
  private var queue: [ReceivedMessage] = []
  private var number: UInt16 = 0
  /// The server's status, for a side that may ask for it.
  var answerStatus: (() -> JSONValue)?
  /// Told of each request that was granted.
  var observe: (Request) -> Void = { _ in }

  init(
    _ socket: consuming MessageSocket, _ function: ServedFunction,
    as side: ServedFunction.Side = .client, trace: MessageTrace?,
    refused: @escaping (MessageCommand, LinuxErrno) -> Void
  ) {
    self.socket = socket
    self.function = function
    self.side = side
    self.trace = trace
    self.refused = refused
    guard side == .client else { return }
    function.memory.askClient = { [weak self] request throws(LinuxErrno) in
      guard let self else { throw .noDevice }
      return try self.ask(request)
    }
  }

  var descriptor: Int32 { socket.descriptor }

  /// Takes what has come, and answers every command that is whole.
  func serve() throws(ConnectionError) {
    try socket.fill()
    try answerAll()
  }

  /// Answers every command that is here and whole.
  ///
  /// Some came while the server waited for the client's memory, and nothing more may come.
  func answerAll() throws(ConnectionError) {
    while true {
      while !queue.isEmpty { try answer(queue.removeFirst()) }
      guard let received = try socket.next() else { return }
      try answer(received)
    }
  }

  private func answer(_ received: ReceivedMessage) throws(ConnectionError) {
    let message = received.message
    guard case .command(let wantsReply) = message.kind else {
      throw .malformed(
        MessageError(message.command, at: 8, "expected a command, found a reply"))
    }
    let pending = trace?.begin(
      message, from: .client, descriptorCount: received.descriptors.count)
    var reply = Message(message.number, message.command, .reply)
    var descriptors: [Int32] = []
    do throws(LinuxErrno) {
      let request = try request(of: message)
      if case .unknown(.controlStatus, _) = request, let answerStatus {
        reply.body = [UInt8](answerStatus().line.utf8)
      } else {
        let answer = try function.answer(
          request, descriptors: received.descriptors, from: side)
        reply.body = answer.reply.body(to: request)
        descriptors = answer.descriptors
        observe(request)
      }
    } catch {
      reply.kind = .failure(error)
      refused(message.command, error)
    }
    if let trace, let pending {
      trace.end(pending, reply: wantsReply ? reply : nil, descriptorCount: descriptors.count)
    }
    if wantsReply { try socket.send(reply, descriptors: descriptors) }
  }

  /// What a command asks for; the first must be VERSION, and no other may.
  private func request(of message: Message) throws(LinuxErrno) -> Request {
    guard (message.command == .version) != hasVersion else { throw .invalid }
    let request: Request
    do throws(MessageError) {
      request = try Request(parsing: message.body.span.raw, of: message.command)
    } catch {
      throw .invalid
    }
    hasVersion = true
    return request
  }

  /// Asks the client for memory of which it gave no file.
  private func ask(_ request: Request) throws(LinuxErrno) -> Reply {
    number &+= 1
    let command = Message(
      number, request.command, .command(wantsReply: true), body: request.body)
    let pending = trace?.begin(command, from: .server)
    do throws(ConnectionError) {
      try socket.send(command)
      while true {
        let received = try socket.receive()
        if case .command = received.message.kind {
          queue.append(received)
          guard queue.reduce(0, { $0 + $1.message.body.count }) <= Self.queueByteLimit,
            queue.reduce(0, { $0 + $1.descriptors.count }) <= Self.queueDescriptorLimit
          else { throw .timeout }
          continue
        }
        guard received.message.number == number else { throw .timeout }
        if let trace, let pending { trace.end(pending, reply: received.message) }
        if case .failure = received.message.kind { break }
        do throws(MessageError) {
          return try Reply(parsing: received.message.body.span.raw, to: request)
        } catch {
          throw .malformed(error)
        }
      }
    } catch {
      throw .inputOutput
    }
    throw .fault
  }

  // A client that sends so much instead of an answer gets none.
  private static let queueByteLimit = 4 << 20
  private static let queueDescriptorLimit = 64
}
