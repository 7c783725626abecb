private import ByteIO

extension EmulatedDevice {
  /// The state that a file keeps of the device between two commands, as STOP_COPY hands it out; nil
  /// for a family that none keeps: any but mtty.
  public var keptState: [UInt8]? { (model as? MttyModel)?.image }

  /// Why a device does not take the state that was kept.
  public struct KeptStateError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The kind of state that the device takes.
    public let expected: String
    /// How many bytes there were instead.
    public let byteCount: Int
    public var description: String { "expected \(expected), found \(byteCount) other bytes" }
  }

  /// Takes the state that was kept of a device like this, whose registers then are as they were;
  /// after an error the device is as before.
  public func restore(keptState: [UInt8]) throws(KeptStateError) {
    guard let model = model as? MttyModel else {
      throw KeptStateError(expected: "no state, for none is kept", byteCount: keptState.count)
    }
    guard model.restore(keptState) else {
      throw KeptStateError(
        expected: "the state of an mtty device with the ports asked for",
        byteCount: keptState.count)
    }
  }
}
