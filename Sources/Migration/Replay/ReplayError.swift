public import Devices

/// Why a replay did not end well, where in the stream, and how it left the targets.
public struct ReplayError<SourceFailure: Error>: Error {
  /// What went wrong.
  public enum Cause: Error, Sendable {
    /// The targets cannot take the stream; none was touched.
    case incompatible(CompatibilityReport)
    /// A target, by the number of the stream's device, or its driver failed.
    case device(DeviceError, number: UInt16)
    /// The stream is damaged or torn, or cannot be read.
    case source(SourceFailure)
    /// The stream has no digest that says that the state of this device is whole.
    case unverified(UInt16)
    /// The caller did not want it any more.
    case cancelled
  }

  /// Where in a stream.
  public struct Place: Sendable, Hashable {
    /// The record's number, counted from 0.
    public var record: UInt32
    /// Where the record begins in the stream.
    public var recordOffset: UInt64
    /// The byte of the device's state that was the first not to be taken; nil if no state was
    /// under way.
    public var stateOffset: UInt64?
  }

  /// What the replay ended with.
  public let cause: Cause
  /// Where the replay was in the stream; nil before its first record.
  public let place: Place?
  /// By the number of the stream's device; empty if no target was touched.
  public let outcomes: [UInt16: DeviceOutcome]
}

extension ReplayError.Cause: EngineFailure {}
