/// What is known of a device as the target of somebody else's state: what a translation goes by.
///
/// The keys are those of the fact files that `ferry` reads and writes. A fact that is not there is not known.
public struct DeviceFacts: Sendable, Hashable {
  /// What a fact says.
  public indirect enum Value: Sendable, Hashable {
    case number(UInt64)
    case text(String)
    case flag(Bool)
    case list([Value])
    case group([Entry])
  }

  /// One fact.
  public struct Entry: Sendable, Hashable {
    public var key: String
    public var value: Value

    public init(_ key: String, _ value: Value) {
      self.key = key
      self.value = value
    }

    init(_ key: String, _ number: some BinaryInteger) {
      self.init(key, .number(UInt64(truncatingIfNeeded: number)))
    }
  }

  /// The family of layouts that the device's state has, as `hisi_acc`.
  public var family: String
  /// In the order in which people read them.
  public var entries: [Entry]

  public init(family: String, _ entries: [Entry]) {
    self.family = family
    self.entries = entries
  }

  /// What is said under `key`.
  public subscript(key: String) -> Value? { entries.first { $0.key == key }?.value }
}

extension DeviceFacts.Value {
  public var number: UInt64? { if case .number(let number) = self { number } else { nil } }
  public var text: String? { if case .text(let text) = self { text } else { nil } }
  public var flag: Bool? { if case .flag(let flag) = self { flag } else { nil } }
  public var list: [Self]? { if case .list(let list) = self { list } else { nil } }
  public var group: [DeviceFacts.Entry]? {
    if case .group(let entries) = self { entries } else { nil }
  }

  static func numbers(_ numbers: some Sequence<some BinaryInteger>) -> Self {
    .list(numbers.map { .number(UInt64(truncatingIfNeeded: $0)) })
  }
}
