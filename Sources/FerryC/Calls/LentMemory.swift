/// Memory that a caller's pointers point to for as long as this lives.
final class LentMemory {
  private var pieces: [UnsafeMutableRawPointer] = []

  deinit {
    for each in pieces { each.deallocate() }
  }

  /// A copy of a text, which a 0 ends; NULL for none.
  func text(_ text: String?) -> UnsafePointer<CChar>? {
    guard let text else { return nil }
    return array(text.utf8.map { CChar(bitPattern: $0) } + [0]).pointer
  }

  /// A copy of the elements; NULL and 0 for none.
  func array<Element: BitwiseCopyable>(
    _ elements: [Element]
  ) -> (pointer: UnsafePointer<Element>?, count: Int) {
    guard !elements.isEmpty else { return (nil, 0) }
    let copy = UnsafeMutableBufferPointer<Element>.allocate(capacity: elements.count)
    _ = copy.initialize(from: elements)
    guard let start = copy.baseAddress else { return (nil, 0) }
    pieces.append(UnsafeMutableRawPointer(start))
    return (UnsafePointer(start), elements.count)
  }
}
