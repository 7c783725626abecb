/// The calls that a device was asked, for whoever wants to ask them again.
struct CallLog {
  private var entries: [(text: String, count: Int)] = []
  private var dropped = 0

  // What leads to an answer is near it.
  private static let limit = 48

  /// The calls in their order; the same one many times stands once, with its number.
  var lines: [String] {
    (dropped > 0 ? ["\(dropped) calls before these"] : [])
      + entries.map { $0.count == 1 ? $0.text : "\($0.text), \($0.count) times" }
  }

  mutating func add(_ text: String) {
    if let last = entries.indices.last, entries[last].text == text {
      entries[last].count += 1
      return
    }
    entries.append((text, 1))
    guard entries.count > Self.limit else { return }
    dropped += entries.removeFirst().count
  }

  mutating func removeAll() {
    entries = []
    dropped = 0
  }
}
