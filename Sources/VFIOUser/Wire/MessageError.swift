/// Why a message makes no sense.
public struct MessageError: Error, Sendable, Hashable {
  /// The message's command, if that could be read.
  public let command: MessageCommand?
  /// The byte of the message that is wrong, counted from the start of its head.
  public let offset: Int
  /// What was expected and found.
  public let reason: String

  /// A fault at a byte of a message.
  public init(_ command: MessageCommand?, at offset: Int, _ reason: String) {
    self.command = command
    self.offset = offset
    self.reason = reason
  }
}

extension MessageError: CustomStringConvertible {
  public var description: String {
    "\(command.map { "\($0)" } ?? "a message"), byte \(offset): \(reason)"
  }
}
