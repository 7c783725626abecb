private import Glibc

/// A descriptor that came with a message, or that a connection holds; it closes when nobody has it.
///
/// An object, for several may hold on to one: the range that maps a file and the device that reads
/// it.
public final class OwnedDescriptor: Sendable {
  /// The number of the descriptor, which is open as long as this object.
  public let number: Int32

  /// Takes a descriptor that is open.
  public init(_ number: Int32) { self.number = number }

  deinit { close(number) }
}
