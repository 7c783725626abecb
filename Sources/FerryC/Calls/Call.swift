import CFerry

/// Does what a function does, and gives its status.
@inline(__always)
func call(
  _ error: UnsafeMutablePointer<ferry_error>?, _ body: () throws(Failure) -> Void
) -> ferry_status {
  do throws(Failure) {
    try body()
    return Status.ok.number
  } catch let failure {
    failure.write(to: error)
    return failure.status.number
  }
}

/// Does what a function does with the object of a handle.
@inline(__always)
func call<Object: HandleObject>(
  _ handle: UInt64, as type: Object.Type, _ error: UnsafeMutablePointer<ferry_error>?,
  _ body: (Object) throws(Failure) -> Void
) -> ferry_status {
  call(error) { () throws(Failure) in
    let object = try HandleTable.shared.acquire(handle, as: type)
    defer { HandleTable.shared.release(handle) }
    try body(object)
  }
}

extension Optional {
  /// The pointer, or an error that names the argument.
  @inline(__always)
  func required<Pointee>(_ name: StaticString) throws(Failure) -> UnsafeMutablePointer<Pointee>
  where Wrapped == UnsafeMutablePointer<Pointee> {
    guard let pointer = self else { throw Failure(null: name) }
    return pointer
  }

  /// The pointer, or an error that names the argument.
  @inline(__always)
  func required<Pointee>(_ name: StaticString) throws(Failure) -> UnsafePointer<Pointee>
  where Wrapped == UnsafePointer<Pointee> {
    guard let pointer = self else { throw Failure(null: name) }
    return pointer
  }
}

extension Failure {
  init(null name: StaticString) {
    self.init(argument: "\(name)", "a pointer", found: "NULL")
  }
}
