// The names are C's.
// swift-format-ignore-file: AlwaysUseLowerCamelCase
public import CFerry

/// What is so of the library as a whole.
enum Library {
  /// As `FERRY_VERSION` of the header, which a test holds against it.
  static let version: StaticString = "0.2.0"
}

/// The version of the library.
@c @implementation
public func ferry_version() -> UnsafePointer<CChar>? {
  // SAFETY: a literal is never freed, ends with a 0 and is ASCII.
  return UnsafeRawPointer(Library.version.utf8Start).assumingMemoryBound(to: CChar.self)
}

/// The name of a status in the header.
@c @implementation
public func ferry_status_name(_ status: ferry_status) -> UnsafePointer<CChar>? {
  guard let known = Status.allCases.first(where: { $0.number == status }) else { return nil }
  let start = known.definition.name.utf8Start
  // SAFETY: as in `ferry_version`.
  return UnsafeRawPointer(start).assumingMemoryBound(to: CChar.self)
}

/// Frees the object of a handle.
@c @implementation
public func ferry_close(
  _ handle: UInt64, _ error: UnsafeMutablePointer<ferry_error>?
) -> ferry_status {
  call(error) { () throws(Failure) in try HandleTable.shared.remove(handle) }
}
