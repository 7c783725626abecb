public import Devices
public import VirtualPCI

/// Why a capture did not end well, and how it left the devices.
public struct CaptureError<SinkFailure: Error>: Error {
  /// What went wrong.
  public enum Cause: Error, Sendable {
    /// The devices cannot be captured as asked; none was touched.
    case refused(CaptureRefusal)
    /// A device, by its number, or its driver failed.
    case device(DeviceError, number: UInt16)
    /// The sink did not take the stream.
    case sink(SinkFailure)
    /// The caller did not want it any more.
    case cancelled
  }

  /// What the capture ended with.
  public let cause: Cause
  /// By device number; empty if no device was touched.
  public let outcomes: [DeviceOutcome]
  /// Whether the stream has its end all the same: what failed was only to run on.
  public let isStreamWhole: Bool

  /// A capture that ended with `cause`, before any device was touched unless there are outcomes.
  public init(cause: Cause, outcomes: [DeviceOutcome] = [], isStreamWhole: Bool = false) {
    self.cause = cause
    self.outcomes = outcomes
    self.isStreamWhole = isStreamWhole
  }
}

extension CaptureError.Cause: EngineFailure {}

/// Why devices cannot be captured as asked.
public enum CaptureRefusal: Sendable, Hashable {
  /// The driver of the device with this name has no STOP_COPY.
  case noMigration(device: String)
  /// The driver of one of several devices has no P2P, but these abilities;
  /// `CaptureOptions.allowsMissingP2P` captures them all the same.
  case noPeerToPeer(device: String, found: MigrationAbilities)
  /// The device cannot have the PASID bindings that it is said to have, for the reasons of the
  /// report.
  case bindings(device: String, CompatibilityReport)
  /// The device cannot carry the profile that its guest was shown, for the reasons of the report.
  case profile(device: String, CheckReport)
}

extension CaptureRefusal: CustomStringConvertible {
  /// What was expected and found; the reasons of a report stand in lines of their own.
  public var description: String {
    switch self {
    case .noMigration(let device):
      "\(device): its driver cannot migrate (it has no STOP_COPY)"
    case .noPeerToPeer(let device, let found):
      "\(device): expected P2P, for several devices are captured together and one that is stopped "
        + "could be written to by one that is not; found \(found)"
    case .bindings(let device, let report):
      "\(device) cannot have these bindings:"
        + report.findings.map {
          "\n  \($0.subject): wanted \($0.wanted), found \($0.found)"
        }.joined()
    case .profile(let device, let report):
      "\(device) cannot carry the profile \(report.profile):"
        + report.objections.map { "\n  \($0)" }.joined()
    }
  }
}
