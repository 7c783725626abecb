import ByteIO
public import Devices
private import Glibc
import SystemPackage
import VFIO

/// Stands between a client and a server, passes every message and descriptor on as it came, and
/// records it.
///
/// It knows nothing of what is passed but heads: what one side sends, and the other would refuse,
/// arrives, of whatever type it says that it is.
public final class MessageProxy {
  private let listener: OwnedDescriptor
  private let path: String
  private let server: String
  private let trace: MessageTrace

  /// Listens at `path` for clients of the server at `server`.
  public init(
    at path: String, to server: String, trace: MessageTrace
  ) throws(LinuxErrno) {
    listener = OwnedDescriptor(try UnixSocket.listen(at: path).rawValue)
    self.path = path
    self.server = server
    self.trace = trace
  }

  deinit { unsafe unlink(path) }

  /// Why a connection ended.
  public enum End: Sendable, Hashable {
    /// One of the sides closed it, or sent what is no message.
    case client(ConnectionError)
    case server(ConnectionError)
    /// An `Interruption` was requested.
    case interrupted
  }

  /// Waits for a client, connects it to the server, and passes messages on until one side ends;
  /// throws the errno of a connection that could not be made.
  public func serveClient() throws(LinuxErrno) -> End {
    while !Self.isReady(listener.number) {
      if Interruption.isRequested { return .interrupted }
    }
    let client = try UnixSocket.accept(listener.number).rawValue
    let connection: Int32
    do throws(LinuxErrno) {
      connection = try UnixSocket.make().rawValue
    } catch {
      close(client)
      throw error
    }
    var ends = Ends(client, connection)
    try UnixSocket.connect(connection, to: server)
    return ends.run(trace)
  }

  /// Waits a moment for something to read.
  private static func isReady(_ descriptor: Int32) -> Bool {
    var request = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    return unsafe poll(&request, 1, 500) > 0
  }
}

/// Both ends of a connection that is passed on.
private struct Ends: ~Copyable {
  private var client: MessageSocket
  private var server: MessageSocket
  // Commands that were passed on, and whose replies have not come; the side that sent them.
  private var pending: [Key: MessageTrace.Pending] = [:]

  private struct Key: Hashable {
    let sender: TraceRecord.Message.Sender
    let number: UInt16
  }

  // What any side may send: the proxy has no limits of its own.
  private static let limits = MessageSocket.Limits(
    transferByteCount: VersionOffer.largestTransferByteLimit, descriptorCount: 253)

  init(_ client: Int32, _ server: Int32) {
    self.client = MessageSocket(client, limits: Self.limits)
    self.server = MessageSocket(server, limits: Self.limits)
  }

  mutating func run(_ trace: MessageTrace) -> MessageProxy.End {
    while !Interruption.isRequested {
      // Of neither side more is taken than the other takes, so that none waits for the other's
      // answers here.
      let clientHasRoom = client.hasRoom
      let serverHasRoom = server.hasRoom
      var requests = [
        Self.request(client.descriptor, reads: serverHasRoom, writes: !clientHasRoom),
        Self.request(server.descriptor, reads: clientHasRoom, writes: !serverHasRoom),
      ]
      let isBehind =
        serverHasRoom && client.holdsMessage || clientHasRoom && server.holdsMessage
      guard unsafe poll(&requests, 2, isBehind ? 0 : 500) > 0 || isBehind else { continue }
      if serverHasRoom, let end = passFromClient(trace, fills: Self.canRead(requests[0])) {
        return finish(end, trace)
      }
      if clientHasRoom, let end = passFromServer(trace, fills: Self.canRead(requests[1])) {
        return finish(end, trace)
      }
    }
    return finish(.interrupted, trace)
  }

  private static func request(_ descriptor: Int32, reads: Bool, writes: Bool) -> pollfd {
    pollfd(
      fd: descriptor, events: Int16((reads ? POLLIN : 0) | (writes ? POLLOUT : 0)), revents: 0)
  }

  /// Whether there is something to read, if it was asked for, or the connection has ended.
  private static func canRead(_ request: pollfd) -> Bool {
    request.revents & ~Int16(POLLOUT) != 0
  }

  /// Passes on what the client sent, as far as the server takes it; the side that failed, if one
  /// did.
  private mutating func passFromClient(
    _ trace: MessageTrace, fills: Bool
  ) -> MessageProxy.End? {
    do throws(ConnectionError) {
      if fills, !client.holdsMessage { try client.fill() }
      while server.hasRoom, client.holdsMessage, let received = try client.next() {
        pass(received, from: .client, trace)
        do throws(ConnectionError) {
          try server.pass(received)
        } catch {
          return .server(error)
        }
      }
      return nil
    } catch {
      return .client(error)
    }
  }

  /// The same for what the server sent.
  private mutating func passFromServer(
    _ trace: MessageTrace, fills: Bool
  ) -> MessageProxy.End? {
    do throws(ConnectionError) {
      if fills, !server.holdsMessage { try server.fill() }
      while client.hasRoom, server.holdsMessage, let received = try server.next() {
        pass(received, from: .server, trace)
        do throws(ConnectionError) {
          try client.pass(received)
        } catch {
          return .client(error)
        }
      }
      return nil
    } catch {
      return .server(error)
    }
  }

  /// Notes a command, or records it with the reply that is passed on.
  private mutating func pass(
    _ received: ReceivedMessage, from sender: TraceRecord.Message.Sender, _ trace: MessageTrace
  ) {
    let message = received.message
    let count = received.descriptors.count
    switch message.kind {
    case .command(let wantsReply):
      let command = trace.begin(message, from: sender, descriptorCount: count)
      guard wantsReply else { return trace.end(command, reply: nil) }
      pending[Key(sender: sender, number: message.number)] = command
      return
    case .other:
      return trace.end(
        trace.begin(message, from: sender, descriptorCount: count), reply: nil)
    case .reply, .failure: break
    }
    let other: TraceRecord.Message.Sender = sender == .client ? .server : .client
    guard let command = pending.removeValue(forKey: Key(sender: other, number: message.number))
    else { return }
    trace.end(command, reply: message, descriptorCount: count)
  }

  /// Records what nobody answered.
  private mutating func finish(
    _ end: MessageProxy.End, _ trace: MessageTrace
  ) -> MessageProxy.End {
    for command in pending.values { trace.end(command, reply: nil) }
    pending = [:]
    return end
  }
}
