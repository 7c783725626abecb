/// Bytes that are written once, from the first to the last: a file, a pipe, a socket, memory.
public protocol ByteSink<Failure>: ~Copyable {
  /// Why the sink cannot be written to.
  associatedtype Failure: Error

  /// What errors call the sink: a path, an address.
  var name: String { get }

  /// Writes all of `head` and then all of `body`, both borrowed until the call returns.
  mutating func write(_ head: RawSpan, _ body: RawSpan) throws(Failure)

  /// Waits until who takes the bytes has taken them, if the sink can tell.
  mutating func flush() throws(Failure)

  /// Ends what was written, once and last. Nobody may count on a byte of a sink that goes without
  /// it.
  ///
  /// It consumes nothing, because consuming an existential of a type without copies leaks its box
  /// (Swift 6.3).
  mutating func finish() throws(Failure)
}

extension ByteSink where Self: ~Copyable {
  /// Waits for nothing.
  public mutating func flush() throws(Failure) {}
}
