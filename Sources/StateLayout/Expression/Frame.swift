/// A structure that is being read or written: what expressions in its type can name.
struct Frame {
  enum Instance {
    case pending
    /// Being computed: whoever asks for it now asks in a circle.
    case running
    /// Nil where its condition is false.
    case known(LayoutNode?)
  }

  let type: TypeDefinition
  /// The fields of the sequence, nil where not read yet or not there.
  var slots: [LayoutNode?]
  var instances: [Instance]
  var counters: [Int128]
  /// The bounds of the stream that the structure stands in; the end is nil while it is not known.
  var streamStart: UInt64
  var streamEnd: UInt64?
  /// The keys of lists that are read, by the ids of their rules, and what refers to them.
  var keys: [String: ItemKeys] = [:]
  var references: [ItemReference] = []
  var item: Value?
  var itemIndex: UInt64?

  init(_ type: TypeDefinition, streamStart: UInt64, streamEnd: UInt64?) {
    self.type = type
    slots = Array(repeating: nil, count: type.fields.count)
    instances =
      type.instances.isEmpty ? [] : Array(repeating: .pending, count: type.instances.count)
    counters = type.counters.isEmpty ? [] : Array(repeating: 0, count: type.counters.count)
    self.streamStart = streamStart
    self.streamEnd = streamEnd
  }
}
