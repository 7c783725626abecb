import ByteIO
import Devices
private import Glibc
import SystemPackage
import VFIO
import VFIOUser
import YAMLReader

/// QEMU's monitor (QMP, docs/interop/qmp-spec.rst): as much of it as pausing a VM and giving a
/// device's registers back takes.
public final class QMPClient {
  private let socket: OwnedDescriptor
  private var pending: [UInt8] = []
  /// Whether answers are waited for though an `Interruption` is requested: what was changed in the
  /// VM is to be known, and to be put back.
  private var waitsOutSignals = false

  private static let timeout = Duration.seconds(20)
  // Answers are short; query-pci of the largest machines has some 100 KiB.
  private static let lineByteLimit = 4 << 20

  /// Connects to the monitor at `path`.
  public init(path: String) throws(QMPError) {
    do throws(LinuxErrno) {
      socket = OwnedDescriptor(try UnixSocket.make().rawValue)
      try UnixSocket.connect(socket.number, to: path)
      try UnixSocket.limit(socket.number, to: Self.timeout)
    } catch {
      throw .system(error)
    }
    guard try member("QMP", of: try line(until: .now + Self.timeout)) != nil else {
      throw .malformed("no greeting")
    }
    _ = try execute("qmp_capabilities")
  }

  /// The process whose monitor it is; nil if it is in another namespace.
  func process() throws(QMPError) -> UInt32? {
    do throws(LinuxErrno) {
      let process = try UnixSocket.peer(of: socket.number).process
      return process == 0 ? nil : process
    } catch {
      throw .system(error)
    }
  }

  /// Has everything from here on wait for its answer, whatever signals come.
  func waitOutSignals() { waitsOutSignals = true }

  // MARK: The VM

  /// Whether the VM's processors run.
  public func isRunning() throws(QMPError) -> Bool {
    let status = try execute("query-status")
    return try parsing { () throws(YAMLError) in
      try status.entries().first { $0.key == "running" }?.value.bool() ?? false
    }
  }

  /// Pauses the VM, whatever signals come; returns when it is paused.
  public func pause() throws(QMPError) {
    waitOutSignals()
    _ = try execute("stop")
  }

  /// Lets the VM run, whatever signals come.
  public func resume() throws(QMPError) {
    waitOutSignals()
    _ = try execute("cont")
  }

  /// What the monitor for people says to a command.
  public func say(_ command: String) throws(QMPError) -> String {
    let answer = try execute(
      "human-monitor-command", ["command-line": .string(command)])
    return try parsing { () throws(YAMLError) in try answer.string() }
  }

  /// A function of the VM.
  public struct Function: Sendable, Hashable {
    /// The number of the bus, as the guest has set it up.
    public let bus: Int
    /// The place on the bus, 0 to 31.
    public let slot: Int
    /// The place in the slot, 0 to 7.
    public let function: Int
    /// The vendor ID that the guest reads.
    public let vendorID: UInt16
    /// The device ID that the guest reads.
    public let deviceID: UInt16
    /// The `id=` of its `-device`; empty if it has none.
    public let identifier: String
  }

  /// The VM's PCI functions, behind bridges too.
  public func functions() throws(QMPError) -> [Function] {
    let buses = try execute("query-pci")
    return try parsing { () throws(YAMLError) in
      var found: [Function] = []
      for bus in try buses.items() { found += try Self.functions(on: bus) }
      return found
    }
  }

  private static func functions(on bus: YAMLNode, depth: Int = 0) throws(YAMLError) -> [Function] {
    guard depth < 16, let devices = try bus.entries().first(where: { $0.key == "devices" })?.value
    else { return [] }
    var found: [Function] = []
    for device in try devices.items() {
      let entries = try device.entries()
      func value(_ key: String) -> YAMLNode? { entries.first { $0.key == key }?.value }
      let id = try value("id")?.entries() ?? []
      found.append(
        Function(
          bus: try value("bus")?.integer(in: 0...255) ?? 0,
          slot: try value("slot")?.integer(in: 0...31) ?? 0,
          function: try value("function")?.integer(in: 0...7) ?? 0,
          vendorID: try id.first { $0.key == "vendor" }?.value.integer() ?? 0,
          deviceID: try id.first { $0.key == "device" }?.value.integer() ?? 0,
          identifier: try value("qdev_id")?.string() ?? ""))
      if let bridge = value("pci_bridge") {
        found += try functions(on: bridge, depth: depth + 1)
      }
    }
    return found
  }

  // MARK: The protocol

  private func execute(
    _ command: String, _ arguments: JSONValue? = nil
  ) throws(QMPError) -> YAMLNode {
    let request: JSONValue = ["execute": .string(command), "arguments": arguments]
    let end = ContinuousClock.now + Self.timeout
    try send([UInt8]((request.line + "\n").utf8))
    while true {
      let answer = try line(until: end)
      if let value = try member("return", of: answer) { return value }
      if let error = try member("error", of: answer) {
        let reason = try member("desc", of: error)
        throw .refused(
          command: command,
          try parsing { () throws(YAMLError) in try reason?.string() ?? "without a reason" })
      }
      // Anything else is an event.
    }
  }

  private func member(_ key: String, of node: YAMLNode) throws(QMPError) -> YAMLNode? {
    try parsing { () throws(YAMLError) in
      try node.entries().first { $0.key == key }?.value
    }
  }

  private func parsing<Value>(
    _ body: () throws(YAMLError) -> Value
  ) throws(QMPError) -> Value {
    do throws(YAMLError) {
      return try body()
    } catch {
      throw .malformed(error.message)
    }
  }

  private func send(_ bytes: [UInt8]) throws(QMPError) {
    var left = bytes
    while !left.isEmpty {
      let sent = unsafe Glibc.send(socket.number, left, left.count, Int32(MSG_NOSIGNAL))
      if sent < 0 {
        guard errno == EINTR else { throw .system(LinuxErrno(rawValue: errno)) }
        try requireUninterrupted()
      } else {
        left.removeFirst(sent)
      }
    }
  }

  /// The next line, which is one value of JSON.
  private func line(until end: ContinuousClock.Instant) throws(QMPError) -> YAMLNode {
    while true {
      if let end = pending.firstIndex(of: UInt8(ascii: "\n")) {
        let text = Array(pending[..<end])
        pending.removeFirst(end + 1)
        let limits = YAMLLimits(byteCount: Self.lineByteLimit, depth: 64, nodeCount: 200_000)
        return try parsing { () throws(YAMLError) in try YAMLNode(parsing: text, limits: limits) }
      }
      guard pending.count < Self.lineByteLimit else { throw .malformed("a line without end") }
      try wait(until: end)
      var buffer = [UInt8](repeating: 0, count: 65_536)
      let count = unsafe recv(socket.number, &buffer, buffer.count, Int32(MSG_DONTWAIT))
      if count < 0, errno == EINTR || errno == EAGAIN { continue }
      guard count > 0 else { throw .closed }
      pending += buffer[..<count]
    }
  }

  /// Waits until there is something to read; signals make the time no longer.
  private func wait(until end: ContinuousClock.Instant) throws(QMPError) {
    while true {
      try requireUninterrupted()
      let left = end - .now
      guard left > .zero else { throw .closed }
      var entry = pollfd(fd: socket.number, events: Int16(POLLIN), revents: 0)
      let ready = unsafe poll(&entry, 1, Int32(clamping: Int(left / .milliseconds(1)) + 1))
      if ready > 0 { return }
      guard ready == 0 || errno == EINTR else { throw .system(LinuxErrno(rawValue: errno)) }
    }
  }

  private func requireUninterrupted() throws(QMPError) {
    guard waitsOutSignals || !Interruption.isRequested else { throw .system(.interrupted) }
  }
}
