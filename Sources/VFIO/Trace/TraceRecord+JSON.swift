private import ByteIO
import Devices
public import YAMLReader

extension TraceRecord {
  /// The record as one line of JSON (schemas/trace.schema.json), without a line feed. Bytes are in
  /// hexadecimal.
  public var json: String {
    var object = JSONObject()
    object.add("call", call.rawValue)
    object.add("time", time)
    object.add("duration", duration)
    if let descriptor { object.add("fd", descriptor) }
    if let path { object.add("path", path) }
    if let access { object.add("access", access.rawValue) }
    if let request { object.add("request", "\(request)") }
    if !arguments.isEmpty { object.add("arguments", arguments) }
    if !results.isEmpty { object.add("results", results) }
    if let offset { object.add("offset", offset) }
    if let byteCount { object.add("bytes", byteCount) }
    if let data { object.add("data", hex(data)) }
    if let argument { object.add("input", argument) }
    if let answer { object.add("output", answer) }
    if let names { object.add("names", names) }
    object.add("result", result)
    if let error {
      object.add("errno", error.rawValue)
      object.add("error", error.symbol)
    }
    return object.text
  }

  /// Reads a line that `json` wrote.
  public init(parsing line: [UInt8]) throws(YAMLError) {
    let limits = YAMLLimits(byteCount: Self.lineByteLimit, depth: 4, nodeCount: 100_000)
    let fields = try YAMLNode(parsing: line, limits: limits).fields([
      "call", "time", "duration", "fd", "path", "access", "request", "arguments", "results",
      "offset", "bytes", "data", "input", "output", "names", "result", "errno", "error",
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
    result = try fields.required("result").integer()
    if let node = fields["errno"] {
      error = ErrorNumber(rawValue: try node.integer(in: 1...4095))
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
      if let value = UInt64(text) { return TraceField(entry.key, .unsigned(value)) }
      let value: Int64 = try entry.value.integer()
      return TraceField(entry.key, .signed(value))
    }
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

/// An object of JSON on one line. A library module has no encoder but this.
private struct JSONObject {
  private(set) var members: [String] = []

  var text: String { "{" + members.joined(separator: ", ") + "}" }

  mutating func add(_ key: String, _ number: some BinaryInteger) {
    members.append("\(Self.quoted(key)): \(number)")
  }

  mutating func add(_ key: String, _ text: String) {
    members.append("\(Self.quoted(key)): \(Self.quoted(text))")
  }

  mutating func add(_ key: String, _ texts: [String]) {
    let items = texts.map(Self.quoted).joined(separator: ", ")
    members.append("\(Self.quoted(key)): [\(items)]")
  }

  mutating func add(_ key: String, _ fields: [TraceField]) {
    var object = JSONObject()
    for field in fields {
      switch field.value {
      case .unsigned(let value): object.add(field.name, value)
      case .signed(let value): object.add(field.name, value)
      case .text(let text): object.add(field.name, text)
      }
    }
    members.append("\(Self.quoted(key)): \(object.text)")
  }

  mutating func add(_ key: String, _ argument: IoctlArgument) {
    var object = JSONObject()
    if argument.value != 0 { object.add("value", argument.value) }
    if !argument.bytes.isEmpty { object.add("bytes", hex(argument.bytes)) }
    if let memory = argument.memory {
      object.add("pointer", memory.pointerOffset)
      object.add("memory", hex(memory.bytes))
    }
    members.append("\(Self.quoted(key)): \(object.text)")
  }

  /// Text in quotes; what JSON, YAML (5.1) or a terminal does not take as it is goes as a number
  /// (RFC 8259, 7).
  private static func quoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      default:
        let value = scalar.value
        if value < 0x20 || (0x7f...0x9f).contains(value)
          || [0x2028, 0x2029, 0xfeff, 0xfffe, 0xffff].contains(value)
        {
          result += "\\u" + hex(scalar.value, digits: 4)
        } else {
          result.unicodeScalars.append(scalar)
        }
      }
    }
    return result + "\""
  }
}
