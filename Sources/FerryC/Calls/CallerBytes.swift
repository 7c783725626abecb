/// Copies of what a caller's pointers point to, checked by their counts.
enum CallerBytes {
  /// The most bytes that a call takes in memory at once.
  static let limit = 1 << 30

  /// The bytes at a pointer, which may be NULL if there are none; lent for the call.
  static func buffer(
    _ bytes: UnsafeRawPointer?, _ count: Int, _ name: StaticString
  ) throws(Failure) -> UnsafeRawBufferPointer {
    guard count >= 0 else {
      throw Failure(
        .limit, message: "\(name): expected fewer bytes, found \(UInt(bitPattern: count))")
    }
    guard count == 0 || bytes != nil else { throw Failure(null: name) }
    return UnsafeRawBufferPointer(start: bytes, count: count)
  }

  /// The elements at a pointer, which may be NULL if there are none.
  static func array<Element>(
    _ elements: UnsafePointer<Element>?, _ count: Int, _ name: StaticString
  ) throws(Failure) -> [Element] {
    guard (0...1 << 20).contains(count) else {
      let found = UInt(bitPattern: count)
      throw Failure(.limit, message: "\(name): expected at most \(1 << 20), found \(found)")
    }
    guard count == 0 || elements != nil else { throw Failure(null: name) }
    // SAFETY: the caller promises `count` elements there.
    return [Element](UnsafeBufferPointer(start: elements, count: count))
  }

  /// A copy of the bytes at a pointer, which may be NULL if there are none.
  static func copy(
    _ bytes: UnsafeRawPointer?, _ count: Int, limit: Int = limit, _ name: StaticString
  ) throws(Failure) -> [UInt8] {
    guard (0...limit).contains(count) else {
      let found = UInt(bitPattern: count)
      throw Failure(.limit, message: "\(name): expected at most \(limit) bytes, found \(found)")
    }
    guard count > 0 else { return [] }
    guard let bytes = bytes else { throw Failure(null: name) }
    // SAFETY: the caller promises `count` bytes there.
    return [UInt8](UnsafeRawBufferPointer(start: bytes, count: count))
  }

  /// The text at a pointer, which ends with a 0.
  static func text(
    _ text: UnsafePointer<CChar>, _ name: StaticString
  ) throws(Failure) -> String {
    // SAFETY: the caller promises a 0 at the end.
    guard let text = String(validatingCString: text) else {
      throw Failure(argument: "\(name)", "UTF-8", found: "other bytes")
    }
    return text
  }

  /// The text at a pointer; nil if that is NULL.
  static func optionalText(
    _ text: UnsafePointer<CChar>?, _ name: StaticString
  ) throws(Failure) -> String? {
    guard let text else { return nil }
    return try self.text(text, name)
  }

  /// The text in an array of a struct, which a 0 must end.
  static func text(
    in array: UnsafeRawBufferPointer, _ name: StaticString
  ) throws(Failure) -> String {
    guard let end = array.firstIndex(of: 0) else {
      throw Failure(argument: "\(name)", "a 0 behind the text", found: "\(array.count) bytes")
    }
    // SAFETY: the bytes before `end` lie in the array.
    guard let text = String(validating: array[..<end], as: UTF8.self) else {
      throw Failure(argument: "\(name)", "UTF-8", found: "other bytes")
    }
    return text
  }
}
