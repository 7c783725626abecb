import ByteIO
public import Devices
private import Glibc
public import SystemPackage
public import VFIO
public import VFIOUser
import VirtualPCI

/// Serves one function at a Unix socket, to one client after the other.
///
/// All of it is one loop in one thread: what the client asks, what the operator asks at the control
/// socket, and what the device does by itself.
public final class FunctionServer {
  /// Who may connect, and what for.
  public struct Options: Sendable, Hashable {
    /// The user whose clients may map the device's registers, and with them have every right on
    /// it; root may always. Nil if nobody may.
    public var mapUser: UInt32?
    /// The user whose clients may connect, for the socket is this user's; nil for `mapUser`, or the
    /// user of this process if nobody may map. Root and the user of this process may connect too.
    ///
    /// Who may connect and not map is served by messages alone.
    public var clientUser: UInt32?
    /// Whether the server ends with its first client.
    public var servesOnce = false
    /// How long a client may take to read a reply, or to answer a command of the server's, to the
    /// last byte.
    public var patience = Duration.seconds(5)

    /// Serves clients of the user of this process, who may map what can be mapped.
    public init() { mapUser = geteuid() }
  }

  /// Something that happens, for a log.
  public enum Event: Sendable, Hashable {
    case listening(path: String)
    /// The device has registers that clients of a user may map, who are trusted with it.
    case trusted(user: UInt32)
    /// A client is served, and may have descriptors of the device or not.
    case connected(UnixSocket.Peer, mayMap: Bool)
    /// A client came to a device that the operator has, and what it waits for.
    case waiting(UnixSocket.Peer, String)
    /// The device of a client that comes was made ready for it.
    case cleared(String)
    /// A client is not served, and why.
    case turnedAway(UnixSocket.Peer, String)
    /// A client is gone; the reason, and what became of the device.
    case left(reason: String, device: String)
    /// A command was refused; told of the first of each connection, for a client must not be able
    /// to fill a log.
    case refused(MessageCommand, LinuxErrno, reason: String?)
    /// The device was found in a state that this server did not leave it in.
    case foreign(MigrationState)
    /// So many events that clients brought about were passed over, for they came too fast.
    case withheld(count: Int)
    /// The operator's side came, went, or changed the device's state.
    case control(UnixSocket.Peer, String)
  }

  /// The function that is served; it is this server's thread's while it runs.
  public let function: ServedFunction
  /// The socket's path.
  public let path: String
  private let options: Options
  private let trace: MessageTrace?
  private let log: LimitedReport
  private let listener: ListeningSocket
  private let control: ListeningSocket?
  private var client: ClientSession?
  private var peer: UnixSocket.Peer?
  /// Whether the client came while the operator had the device, and is not served yet.
  private var clientWaits = false
  private var operatorSession: ClientSession?
  private var operatorPeer: UnixSocket.Peer?
  /// How many clients came.
  public private(set) var clientCount = 0

  /// Begins to listen at `path`, and at `controlPath` for the operator.
  public init(
    _ function: ServedFunction, at path: String, control controlPath: String? = nil,
    options: Options = Options(), trace: MessageTrace? = nil,
    report: @escaping (Event) -> Void
  ) throws(ServingError) {
    self.function = function
    self.path = path
    self.options = options
    self.trace = trace
    log = LimitedReport(report)
    listener = try ListeningSocket(at: path)
    control = try controlPath.map { (path) throws(ServingError) in
      try ListeningSocket(at: path)
    }
    let user = options.clientUser ?? options.mapUser ?? geteuid()
    if user != geteuid() { try listener.give(to: user) }
    report(.listening(path: path))
    if let user = options.mapUser, function.hasMappings { report(.trusted(user: user)) }
  }

  /// Serves until `stop` can be read, or the first client is gone if the options say so.
  public func run(until stop: FileDescriptor) {
    let start = ContinuousClock.now
    while true {
      if clientWaits, function.owner != .control { admit() }
      let now = ContinuousClock.now - start
      client?.beginTurn(patience: options.patience)
      let due = function.advance(to: now)
      if !isClientHeld {
        serveClient { (client) throws(ConnectionError) in try client.answerAll() }
      }
      let ready = wait(for: stop, until: due.map { $0 - now })
      if ready.stop { break }
      // Who is there comes before who wants to be: one of them may be about to leave.
      if ready.operator { serveOperator() }
      if isClientHeld {
        // Nothing of a client that is held is taken any more, its end alone.
        if ready.clientHungUp { drop("the other side closed the connection") }
      } else if ready.client {
        serveClient()
      }
      if ready.control { acceptOperator() }
      if ready.listener { accept() }
      // The operator's side may be taking the device out that its client has left.
      if options.servesOnce, client == nil, operatorSession == nil, clientCount > 0 { break }
    }
    if operatorSession != nil { dropOperator("the server ends") }
    if client != nil { drop("the server ends") }
    log.tellWithheld()
  }

  private func report(_ event: Event) { log.tell(event) }

  private struct Ready {
    var stop = false
    var listener = false
    var client = false
    var clientHungUp = false
    var control = false
    var `operator` = false
  }

  /// Whether the client waits: the operator has stopped the device, which nobody may touch then, or
  /// had it when the client came.
  private var isClientHeld: Bool {
    clientWaits || function.owner == .control && !function.isRunning
  }

  /// Waits for a command, a client, the end, or the device's own time.
  private func wait(for stop: FileDescriptor, until time: Duration?) -> Ready {
    var requests = [
      pollfd(fd: stop.rawValue, events: Int16(POLLIN), revents: 0),
      pollfd(fd: listener.number, events: Int16(POLLIN), revents: 0),
    ]
    // A number below 0 is passed over; without events only the end of a connection is told.
    // Nothing more is taken of one that is behind before it takes its answers.
    let events = isClientHeld ? 0 : Int16(client?.isBehind == true ? POLLOUT : POLLIN)
    requests.append(pollfd(fd: client?.descriptor ?? -1, events: events, revents: 0))
    for descriptor in [control?.number, operatorSession?.descriptor] {
      requests.append(pollfd(fd: descriptor ?? -1, events: Int16(POLLIN), revents: 0))
    }
    let milliseconds = time.map { max(.zero, $0) / .milliseconds(1) }
    let count = unsafe poll(
      &requests, nfds_t(requests.count),
      milliseconds.map { Int32(clamping: Int($0.rounded(.up))) } ?? -1)
    var ready = Ready()
    guard count > 0 else { return ready }
    ready.stop = requests[0].revents != 0
    ready.listener = requests[1].revents != 0
    ready.client = requests[2].revents != 0
    ready.clientHungUp = requests[2].revents & Int16(POLLHUP | POLLERR) != 0
    ready.control = requests[3].revents != 0
    ready.operator = requests[4].revents != 0
    return ready
  }

  // As many times as a socket's buffer is emptied for one who is about to leave.
  private static let drainLimit = 64

  private static let limits = MessageSocket.Limits(
    transferByteCount: ServedFunction.transferByteLimit,
    descriptorCount: ServedFunction.descriptorLimit)

  private static let controlLimits = MessageSocket.Limits(
    transferByteCount: ServedFunction.transferByteLimit, descriptorCount: 0)

  // MARK: Clients

  private func accept() {
    guard let descriptor = accepted(listener) else { return }
    // The client before may be gone, and the end of its connection be behind its last commands.
    for _ in 0..<Self.drainLimit {
      guard let client, !isClientHeld, Self.isReadable(client.descriptor) else { break }
      serveClient()
    }
    let socket = MessageSocket(
      descriptor.rawValue, limits: Self.limits, timeout: options.patience)
    guard let peer = try? UnixSocket.peer(of: socket.descriptor) else { return }
    guard [0, geteuid(), options.clientUser, options.mapUser].contains(peer.user) else {
      return report(.turnedAway(peer, "its user is none of those whose clients may connect"))
    }
    guard client == nil else {
      return report(.turnedAway(peer, "the device has a client"))
    }
    client = ClientSession(socket, function, trace: trace, refused: refusalReport())
    self.peer = peer
    // What the operator takes out or puts in is no client's that was not there before.
    clientWaits = function.owner == .control
    if clientWaits {
      report(.waiting(peer, waitText))
    } else {
      admit()
    }
  }

  /// What a client waits for whose device the operator has.
  private var waitText: String {
    let state = "the device is \(function.stateName) for the control socket"
    guard operatorSession == nil, let control else { return state + ", which is in use" }
    return state + "; ferry served run \(control.path) lets it run, if its state lives nowhere else"
  }

  /// Serves the client that came, with a device that holds nothing of the one before.
  private func admit() {
    guard let peer else { return }
    clientWaits = false
    if let state = function.foreignState { report(.foreign(state)) }
    do throws(LinuxErrno) {
      if let text = try function.clientComes() { report(.cleared(text)) }
    } catch {
      client = nil
      self.peer = nil
      return report(.turnedAway(peer, "what a client before left in the device stays: \(error)"))
    }
    function.mayMap =
      function.hasMappings && (options.mapUser.map { [0, $0].contains(peer.user) } ?? false)
    clientCount += 1
    report(.connected(peer, mayMap: function.mayMap))
  }

  /// The next connection; nil if there is none, or this process has no descriptor left for it.
  private func accepted(_ listener: ListeningSocket) -> FileDescriptor? {
    do throws(LinuxErrno) {
      return try UnixSocket.accept(listener.number)
    } catch {
      // It stays where it is, and would be found again at once.
      usleep(10_000)
      return nil
    }
  }

  private static func isReadable(_ descriptor: Int32) -> Bool {
    var request = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    return unsafe poll(&request, 1, 0) > 0
  }

  private func serveClient(
    _ body: (ClientSession) throws(ConnectionError) -> Void = {
      (client) throws(ConnectionError) in try client.serve()
    }
  ) {
    guard let client else { return }
    do throws(ConnectionError) {
      try body(client)
    } catch {
      drop("\(error)")
    }
  }

  // QEMU's own are a handful: kinds of interrupts and features that a device lacks.
  private static let refusalLimit = 16

  /// Tells of a connection's first refusals; of the operator's with who it is.
  private func refusalReport(
    ofOperator peer: UnixSocket.Peer? = nil
  ) -> (MessageCommand, LinuxErrno, String?) -> Void {
    var count = 0
    return { [log] command, errno, reason in
      count += 1
      guard count <= Self.refusalLimit else { return }
      let event = Event.refused(command, errno, reason: reason)
      log.tell(peer.map { .control($0, "\(event)") } ?? event)
    }
  }

  private func drop(_ reason: String) {
    client = nil
    if clientWaits, let peer {
      clientWaits = false
      self.peer = nil
      return report(.turnedAway(peer, "\(reason), before it was served"))
    }
    peer = nil
    report(.left(reason: reason, device: function.clientLeft()))
  }

  // MARK: The operator

  private func acceptOperator() {
    guard let control, let descriptor = accepted(control) else { return }
    for _ in 0..<Self.drainLimit {
      guard let operatorSession, Self.isReadable(operatorSession.descriptor) else { break }
      serveOperator()
    }
    let socket = MessageSocket(
      descriptor.rawValue, limits: Self.controlLimits,
      timeout: operatorPeer == nil ? options.patience : Self.refusalPatience)
    guard let peer = try? UnixSocket.peer(of: socket.descriptor) else { return }
    let user = geteuid()
    guard peer.user == user || peer.user == 0 else {
      return report(.turnedAway(peer, "user \(peer.user) is not user \(user)"))
    }
    if let operatorPeer {
      ClientSession.refuse(
        socket, .busy,
        "process \(operatorPeer.process) of user \(operatorPeer.user) has the control socket")
      return report(.turnedAway(peer, "the control socket is in use"))
    }
    let session = ClientSession(
      socket, function, as: .control, trace: nil, refused: refusalReport(ofOperator: peer))
    session.answerStatus = { [weak self] in
      guard let self else { return .null }
      let status = self.status
      function.told = .init(
        hasClient: function.hasClient, mapsRegisters: status.mapsRegisters)
      return status.json
    }
    session.observe = { [weak self] request in
      guard let self, let text = Self.use(request) else { return }
      self.report(.control(peer, text))
    }
    function.told = nil
    operatorSession = session
    operatorPeer = peer
    report(.control(peer, "connected"))
    if let state = function.foreignState { report(.foreign(state)) }
  }

  // Whoever may use the control socket may hold a server up, and need not for longer.
  private static let refusalPatience = Duration.milliseconds(100)

  /// What a command of the operator's does to the device, if it does something.
  private static func use(_ request: Request) -> String? {
    switch request {
    case .reset: "reset the device"
    case .feature(let feature) where feature.feature == .migrationState:
      feature.access == .set ? "asked for \(feature.stateText)" : nil
    case .unknown(.writeGuestSpace, _): "wrote what the guest sees"
    default: nil
    }
  }

  private func serveOperator() {
    guard let operatorSession else { return }
    do throws(ConnectionError) {
      try operatorSession.serve()
    } catch {
      dropOperator("\(error)")
    }
  }

  private func dropOperator(_ reason: String) {
    guard let peer = operatorPeer else { return }
    operatorSession = nil
    operatorPeer = nil
    report(.control(peer, "left (\(reason)); \(function.controlLeft())"))
  }

  /// What the server says of itself.
  var status: ServerStatus {
    ServerStatus(
      device: function.device.name, profile: function.configuration.profile?.profile.name,
      client: peer.map {
        .init($0, mayMap: !clientWaits && function.mayMap, waits: isClientHeld)
      },
      state: function.state, owner: function.owner, mapsRegisters: function.mapsRegisters,
      mappedByteCount: function.memory.byteCount,
      rangeCount: function.memory.mappings.count,
      interruptCount: function.interrupts.signalCount, counters: function.counters)
  }
}
