public import Devices

/// Why a capture did not end well, and how it left the devices.
public struct CaptureError<SinkFailure: Error>: Error {
  public enum Cause: Sendable {
    /// The devices cannot be captured as asked; none was touched.
    case refused(String)
    /// A device, by its number, or its driver failed.
    case device(DeviceError, number: UInt16)
    /// The sink did not take the stream.
    case sink(SinkFailure)
    case cancelled
  }

  public let cause: Cause
  /// By device number; empty where no device was touched.
  public let outcomes: [DeviceOutcome]
  /// Whether the stream has its end all the same: what failed was only to run on.
  public let isStreamWhole: Bool
}
