/// What goes with a request: a number, or a structure, which may point to more memory.
///
/// It is a value, so that a call can be recorded and compared; the kernel's own structure is made
/// of it for the call.
public struct IoctlArgument: Sendable, Hashable {
  /// The number, if the request takes no address.
  public var value: UInt64 = 0
  /// The structure; empty if the request takes none. A pointer in it is 0 here.
  public var bytes: [UInt8] = []
  /// The memory that the structure points to.
  public var memory: Memory?

  /// Memory beside the structure, with the place of its address in that.
  public struct Memory: Sendable, Hashable {
    /// The place of the pointer in the structure.
    public var pointerOffset: Int
    /// The memory that the pointer names.
    public var bytes: [UInt8]

    /// Memory behind a pointer of the structure.
    public init(pointerOffset: Int, bytes: [UInt8]) {
      self.pointerOffset = pointerOffset
      self.bytes = bytes
    }
  }

  /// An argument that is a number.
  public init(value: UInt64 = 0) { self.value = value }

  /// An argument that is a structure, with the memory that it points to.
  public init(bytes: [UInt8], memory: Memory? = nil) {
    self.bytes = bytes
    self.memory = memory
  }

  /// The bytes of a structure of the kernel interface, and of another behind it.
  init<Structure: BitwiseCopyable>(_ structure: Structure, memory: Memory? = nil) {
    bytes = Self.bytes(of: structure)
    self.memory = memory
  }

  static func bytes<Structure: BitwiseCopyable>(of structure: Structure) -> [UInt8] {
    // SAFETY: the structures have no padding but reserved fields (the asserts on their sizes say
    // so).
    unsafe withUnsafeBytes(of: structure) { unsafe [UInt8]($0) }
  }

  /// The structure at `offset`, which the bytes must hold.
  func load<Structure: BitwiseCopyable>(
    _ type: Structure.Type, at offset: Int = 0
  ) -> Structure {
    precondition(
      offset >= 0 && bytes.count - offset >= MemoryLayout<Structure>.size,
      "the argument is as large as the request's structure")
    // SAFETY: the range was checked, and every bit pattern is a value of these structures of
    // integers.
    return unsafe bytes.withUnsafeBytes {
      unsafe $0.loadUnaligned(fromByteOffset: offset, as: type)
    }
  }
}
