import ByteIO

/// The states of a stream that is read once, as far as they are small enough to be judged whole.
struct KeptStates {
  /// The most bytes of a state that is kept.
  private static let byteLimit = 8 << 20

  private var states: [UInt16: [UInt8]] = [:]
  private var tooLarge: Set<UInt16> = []

  /// Whether all of the device's state was kept so far.
  func wants(_ device: UInt16) -> Bool { !tooLarge.contains(device) }

  /// Takes over the next bytes of a device's state.
  mutating func append(_ bytes: RawSpan, of device: UInt16) {
    guard wants(device) else { return }
    guard states[device, default: []].count + bytes.byteCount <= Self.byteLimit else {
      tooLarge.insert(device)
      states[device] = nil
      return
    }
    states[device, default: []].append(contentsOf: [UInt8](bytes))
  }

  /// Gives the state away; nil if it was too large.
  mutating func take(_ device: UInt16) -> [UInt8]? {
    guard wants(device) else { return nil }
    return states.removeValue(forKey: device) ?? []
  }
}
