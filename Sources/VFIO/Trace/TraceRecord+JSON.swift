public import ByteIO
import Devices
public import YAMLReader

extension TraceRecord {
  /// The record as its trace has it (schemas/trace.schema.json), if it takes one line. Bytes are
  /// in hexadecimal.
  public var json: JSONValue {
    [
      "call": .string(call.rawValue), "time": .number(time), "duration": .number(duration),
      "fd": descriptor.map { .number($0) }, "path": path.map { .string($0) },
      "access": access.map { .string($0.rawValue) },
      "request": request.map { .string("\($0)") },
      "arguments": arguments.isEmpty ? nil : .object(arguments.map(\.member)),
      "results": results.isEmpty ? nil : .object(results.map(\.member)),
      "offset": offset.map { .number($0) }, "bytes": byteCount.map { .number($0) },
      "data": data.map { .string(hex($0)) }, "input": argument?.json, "output": answer?.json,
      "names": names.map { .strings($0) }, "message": message?.json, "result": .number(result),
      "errno": error.map { .number($0.rawValue) }, "error": error.map { .string($0.symbol) },
    ]
  }

  /// Reads a line of a trace.
  public init(parsing line: [UInt8]) throws(YAMLError) {
    let limits = YAMLLimits(byteCount: Self.lineByteLimit, depth: 4, nodeCount: 100_000)
    let fields = try YAMLNode(parsing: line, limits: limits).fields([
      "call", "time", "duration", "fd", "path", "access", "request", "arguments", "results",
      "offset", "bytes", "data", "input", "output", "names", "message", "result", "errno", "error",
    ])
    let name = try fields.required("call")
    guard let call = Call(rawValue: try name.string()) else {
      let calls = Call.allCases.map(\.rawValue).joined(separator: ", ")
      throw name.error(.value, "expected one of \(calls), found \(name.kind)")
    }
    self.init(call)
    time = try fields["time"]?.integer() ?? 0
    duration = try fields["duration"]?.integer() ?? 0
    descriptor = try fields["fd"]?.integer()
    path = try fields["path"]?.string()
    if let node = fields["access"] {
      access = FileAccess(rawValue: try node.string())
      guard access != nil else {
        throw node.error(.value, "expected O_RDONLY or O_RDWR, found \(node.kind)")
      }
    }
    if let node = fields["request"] {
      request = IoctlRequest(named: try node.string())
      guard request != nil else {
        throw node.error(.value, "expected a request of VFIO or iommufd, found \(node.kind)")
      }
    }
    offset = try fields["offset"]?.integer()
    byteCount = try fields["bytes"]?.integer(in: 0...Int.max)
    data = try fields["data"]?.hexadecimal()
    argument = try fields["input"].map { (node) throws(YAMLError) in try IoctlArgument(node) }
    answer = try fields["output"].map { (node) throws(YAMLError) in try IoctlArgument(node) }
    arguments = try Self.traceFields(fields["arguments"])
    results = try Self.traceFields(fields["results"])
    if let node = fields["names"] {
      names = try node.items().map { (item) throws(YAMLError) in try item.string() }
    }
    message = try fields["message"].map { (node) throws(YAMLError) in try Message(node) }
    guard (call == .message) == (message != nil) else {
      throw name.error(.value, "expected a message with the call message, and with no other")
    }
    result = try fields.required("result").integer()
    if let node = fields["errno"] {
      error = LinuxErrno(rawValue: try node.integer(in: 1...4095))
    }
  }

  /// The longest line that is read: the data of one read of 4 MiB.
  public static let lineByteLimit = 9 << 20

  private static func traceFields(_ node: YAMLNode?) throws(YAMLError) -> [TraceField] {
    guard let node else { return [] }
    return try node.entries().map { (entry) throws(YAMLError) in
      guard case .scalar(let text, let isPlain) = entry.value.content else {
        throw entry.value.error(.type, "expected a number or text, found \(entry.value.kind)")
      }
      guard isPlain else { return TraceField(entry.key, .text(text)) }
      guard text.hasPrefix("-") else {
        return TraceField(entry.key, .unsigned(try entry.value.integer()))
      }
      let value: Int64 = try entry.value.integer()
      return TraceField(entry.key, value < 0 ? .signed(value) : .unsigned(0))
    }
  }
}

extension TraceRecord.Message {
  fileprivate init(_ node: YAMLNode) throws(YAMLError) {
    let fields = try node.fields(["sender", "id", "name", "fds", "replyFds", "answered"])
    let sender = try fields.required("sender")
    guard let side = Sender(rawValue: try sender.string()) else {
      throw sender.error(.value, "expected client or server, found \(sender.kind)")
    }
    self.init(
      sender: side, number: try fields.required("id").integer(),
      name: try fields.required("name").string(),
      descriptorCount: try fields["fds"]?.integer(in: 0...65536) ?? 0,
      replyDescriptorCount: try fields["replyFds"]?.integer(in: 0...65536) ?? 0,
      isAnswered: try fields["answered"]?.bool() ?? true)
  }

  fileprivate var json: JSONValue {
    [
      "sender": .string(sender.rawValue), "id": .number(number), "name": .string(name),
      "fds": descriptorCount == 0 ? nil : .number(descriptorCount),
      "replyFds": replyDescriptorCount == 0 ? nil : .number(replyDescriptorCount),
      "answered": isAnswered ? nil : .bool(false),
    ]
  }
}

extension IoctlArgument {
  fileprivate init(_ node: YAMLNode) throws(YAMLError) {
    let fields = try node.fields(["value", "bytes", "pointer", "memory"])
    self.init(value: try fields["value"]?.integer() ?? 0)
    bytes = try fields["bytes"]?.hexadecimal() ?? []
    if let pointer = fields["pointer"] {
      memory = Memory(
        pointerOffset: try pointer.integer(in: 0...65536),
        bytes: try fields.required("memory").hexadecimal())
    }
  }
}

extension YAMLNode {
  /// Bytes as pairs of hexadecimal digits.
  fileprivate func hexadecimal() throws(YAMLError) -> [UInt8] {
    let digits = Array(try string().utf8)
    guard digits.count % 2 == 0 else {
      throw error(.value, "expected pairs of hexadecimal digits, found \(digits.count) of them")
    }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(digits.count / 2)
    for index in stride(from: 0, to: digits.count, by: 2) {
      guard let high = Self.digit(digits[index]), let low = Self.digit(digits[index + 1]) else {
        throw error(.value, "expected hexadecimal digits, found others at \(index)")
      }
      bytes.append(high << 4 | low)
    }
    return bytes
  }

  private static func digit(_ character: UInt8) -> UInt8? {
    switch character {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): character - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): character - UInt8(ascii: "a") + 10
    default: nil
    }
  }
}

extension TraceField {
  fileprivate var member: JSONValue.Member {
    switch value {
    case .unsigned(let value): .init(name, .number(value))
    case .signed(let value): .init(name, .number(value))
    case .text(let text): .init(name, .string(text))
    }
  }
}

extension IoctlArgument {
  fileprivate var json: JSONValue {
    [
      "value": value == 0 ? nil : .number(value),
      "bytes": bytes.isEmpty ? nil : .string(hex(bytes)),
      "pointer": memory.map { .number($0.pointerOffset) },
      "memory": memory.map { .string(hex($0.bytes)) },
    ]
  }
}
