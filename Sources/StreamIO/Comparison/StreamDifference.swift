public import ByteIO

/// One respect in which two streams mean different things.
public struct StreamDifference: Sendable, Hashable {
  /// What differs.
  public enum Subject: String, Sendable {
    case devices, identity, configuration, interrupts, bindings, records, phases, state
  }

  /// The part of the stream that differs.
  public var subject: Subject
  /// The device, by its number in both streams; nil if the streams have different numbers of
  /// devices.
  public var device: UInt16?
  /// Which part of the subject, if it has parts.
  public var field: String?
  /// What the first stream has, and what the second; for people.
  public var left: String
  /// The value in the second stream.
  public var right: String
  /// The byte ranges that differ; nil if the difference is not in bytes.
  public var ranges: ByteRanges?

  /// A difference of `device`, or of the stream if that is nil.
  public init(
    _ subject: Subject, device: UInt16?, field: String? = nil, left: String, right: String,
    ranges: ByteRanges? = nil
  ) {
    self.subject = subject
    self.device = device
    self.field = field
    self.left = left
    self.right = right
    self.ranges = ranges
  }
}
