import Devices

/// A kind of device that can be emulated: how it is named, and how a device is made from its name's parameters.
///
/// Each model declares its family beside itself.
public struct EmulatedFamily: Sendable {
  /// What stands behind `emulated:`.
  public let name: String
  /// The parameters, each as `KEY=WHAT`; all have defaults.
  public let parameters: [String]
  /// What it is, in a sentence.
  public let summary: String
  let make: @Sendable (inout ParameterReader) throws(DeviceURI.Malformed) -> any DeviceModel

  /// All of them, in the order of help texts.
  public static let all: [EmulatedFamily] = [
    mtty, hisiAcc, virtioNet, qat, mlx5, xe, nvme, pds, igb, synthetic,
  ]
}
