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
  /// Where its fields, instances and counters begin among those of all structures.
  let firstSlot: Int
  let firstInstance: Int
  let firstCounter: Int
  /// The bounds of the stream that the structure stands in; the end is nil while it is not known.
  let streamStart: UInt64
  let streamEnd: UInt64?
  /// The keys of lists that are read, by the ids of their rules, and what refers to them.
  var keys: [String: ItemKeys] = [:]
  var references: [ItemReference] = []
  var item: Value?
  var itemIndex: UInt64?
}
