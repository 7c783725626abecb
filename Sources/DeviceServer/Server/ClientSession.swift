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
  private let refused: (MessageCommand, LinuxErrno, String?) -> Void
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
    refused: @escaping (MessageCommand, LinuxErrno, String?) -> Void
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
    // What is here comes first.
    if !isBehind { try socket.fill() }
    try answerAll()
  }

  /// Whether commands are here that were not answered in their turn.
  private(set) var isBehind = false
  // When this turn is over: others wait for theirs.
  private var turnEnd = ContinuousClock.now

  /// Begins a turn, in which the client may keep the server waiting for as long as it may for one
  /// message.
  func beginTurn(patience: Duration) { turnEnd = .now + patience }

  /// Answers the commands that are here and whole, as far as a turn goes and the client takes the
  /// answers.
  ///
  /// Some came while the server waited for the client's memory, and nothing more may come.
  func answerAll() throws(ConnectionError) {
    let end = ContinuousClock.now + Self.turn
    var isFirst = true
    while !queue.isEmpty || socket.holdsMessage {
      // The first is known to have room, or has nothing before it.
      guard isFirst || ContinuousClock.now < end && socket.hasRoom else {
        isBehind = true
        return
      }
      isFirst = false
      if !queue.isEmpty {
        try answer(queue.removeFirst())
      } else if let received = try socket.next() {
        try answer(received)
      }
    }
    isBehind = false
  }

  // Short beside what an operator notices, long beside a command.
  private static let turn = Duration.milliseconds(50)

  private func answer(_ received: ReceivedMessage) throws(ConnectionError) {
    let message = received.message
    guard case .command(let wantsReply) = message.kind else {
      throw .malformed(message.error(expecting: "a command"))
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
      refused(message.command, error, function.memory.refusal)
    }
    if let trace, let pending {
      trace.end(pending, reply: wantsReply ? reply : nil, descriptorCount: descriptors.count)
    }
    if wantsReply { try socket.send(reply, descriptors: descriptors) }
  }

  /// Answers the first command of a connection that is not served with why; of one that sends none
  /// within the socket's time nothing is said.
  static func refuse(_ socket: consuming MessageSocket, _ errno: LinuxErrno, _ reason: String) {
    var socket = socket
    guard let command = try? socket.receive().message else { return }
    try? socket.send(
      Message(command.number, command.command, .failure(errno), body: [UInt8](reason.utf8)))
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
      guard ContinuousClock.now < turnEnd else { throw .timeout }
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
        if case .other = received.message.kind {
          throw .malformed(received.message.error(expecting: "a command or a reply"))
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
  private static let queueDescriptorLimit = 16
}
