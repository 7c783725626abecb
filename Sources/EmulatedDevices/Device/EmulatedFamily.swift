import Devices

/// A kind of device that can be emulated: how it is named, and how a device is made from its name's
/// parameters.
///
/// Each model declares its family beside itself, and `all` names it.
public struct EmulatedFamily: Sendable {
  /// The name behind `emulated:`.
  public let name: String
  /// The parameters, each as `KEY=WHAT`; all have defaults.
  public let parameters: [String]
  /// The device, in a sentence.
  public let summary: String
  /// The parameters of the devices that the matrix of translations has of this family: they differ
  /// in the state that they hand out or take.
  let samples: [String]
  let make: @Sendable (inout ParameterReader) throws(DeviceURI.Malformed) -> any DeviceModel

  init(
    name: String, parameters: [String], summary: String, samples: [String] = [],
    make:
      @escaping @Sendable (inout ParameterReader) throws(DeviceURI.Malformed) ->
      any DeviceModel
  ) {
    self.name = name
    self.parameters = parameters
    self.summary = summary
    self.samples = samples
    self.make = make
  }
}
