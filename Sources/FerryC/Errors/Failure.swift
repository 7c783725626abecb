import CFerry

/// Why a function does not do what it is asked for.
struct Failure: Error {
  var status: Status
  /// The errno of a callback or the system.
  var system: Int32 = 0
  var offset: UInt64?
  var record: UInt32?
  var device: UInt16?
  var line: Int?
  var column: Int?
  var message: String
  var expected = ""
  var found = ""

  init(_ status: Status, message: String) {
    self.status = status
    self.message = message
  }

  init(_ status: Status, _ expected: String, found: String) {
    self.init(status, message: "expected \(expected), found \(found)")
    self.expected = expected
    self.found = found
  }

  /// An argument that no call can take.
  init(argument name: String, _ expected: String, found: String) {
    self.init(.argument, message: "\(name): expected \(expected), found \(found)")
    self.expected = expected
    self.found = found
  }
}

extension Failure {
  /// Writes itself where the caller wants it.
  func write(to error: UnsafeMutablePointer<ferry_error>?) {
    guard let error = error else { return }
    var value = ferry_error()
    value.status = status.number
    value.system = system
    value.offset = offset ?? .max
    value.record = record ?? .max
    value.device = device.map(UInt32.init) ?? .max
    value.line = UInt32(clamping: line ?? 0)
    value.column = UInt32(clamping: column ?? 0)
    withUnsafeMutableBytes(of: &value.message) { message.copy(into: $0) }
    withUnsafeMutableBytes(of: &value.expected) { expected.copy(into: $0) }
    withUnsafeMutableBytes(of: &value.found) { found.copy(into: $0) }
    error.pointee = value
  }
}

extension String {
  /// Copies the text with a 0 behind it, cut between characters if there is not enough room.
  func copy(into array: UnsafeMutableRawBufferPointer) {
    var end = 0
    for scalar in unicodeScalars {
      let count = UTF8.width(scalar)
      guard end + count < array.count else { break }
      end += count
    }
    array.initializeMemory(as: UInt8.self, repeating: 0)
    for (index, byte) in utf8.prefix(end).enumerated() { array[index] = byte }
  }
}
