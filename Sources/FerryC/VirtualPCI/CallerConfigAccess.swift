import CFerry
import VirtualPCI

/// A caller's functions that access a device's configuration space.
struct CallerConfigAccess: PhysicalConfigAccess {
  private let readFunction:
    @convention(c) (
      UnsafeMutableRawPointer?, UInt32, UInt32, UnsafeMutablePointer<UInt32>?
    ) -> Int32
  private let writeFunction:
    @convention(c) (UnsafeMutableRawPointer?, UInt32, UInt32, UInt32) -> Int32
  private let context: UnsafeMutableRawPointer?

  init(_ access: UnsafePointer<ferry_config_access>?) throws(Failure) {
    let access = try access.required("access").pointee
    guard let read = access.read, let write = access.write else {
      throw Failure(argument: "access", "both functions", found: "NULL")
    }
    readFunction = read
    writeFunction = write
    context = access.context
  }

  func read(_ offset: Int, byteCount: Int) throws(Failure) -> UInt32 {
    var value: UInt32 = 0
    // SAFETY: the caller's context goes to the caller's function; the value is lent for the call.
    let answer = readFunction(context, UInt32(offset), UInt32(byteCount), &value)
    guard answer == 0 else { throw failure("read", offset, answer) }
    return value
  }

  mutating func write(_ offset: Int, byteCount: Int, value: UInt32) throws(Failure) {
    // SAFETY: the caller's context goes to the caller's function.
    let answer = writeFunction(context, UInt32(offset), UInt32(byteCount), value)
    guard answer == 0 else { throw failure("write", offset, answer) }
  }

  private func failure(_ name: StaticString, _ offset: Int, _ answer: Int32) -> Failure {
    var failure = Failure(callback: name, answer)
    failure.offset = UInt64(offset)
    return failure
  }
}
