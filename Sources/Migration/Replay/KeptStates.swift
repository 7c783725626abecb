import ByteIO

/// The states of a stream as far as they are small enough to be kept: they are given to their
/// targets once the stream was verified, and nothing of them before.
struct KeptStates<Place> {
  /// The most bytes of a state that is kept.
  private static var byteLimit: Int { 8 << 20 }

  /// Why a state was not kept whole.
  static var limitText: String { "the stream is read once, and the state has more than 8 MiB" }

  private struct State {
    var bytes: [UInt8] = []
    /// The place in the stream of each piece, and where it ends in the state.
    var pieces: [(end: Int, place: Place)] = []
    var isTooLarge = false
  }

  private var states: [UInt16: State] = [:]

  /// Whether all of the device's state was kept so far.
  func isWhole(_ device: UInt16) -> Bool { states[device]?.isTooLarge != true }

  /// The bytes that were kept of a device's state.
  func bytes(of device: UInt16) -> [UInt8] { states[device]?.bytes ?? [] }

  /// The place of the piece that has the byte at `offset`; nil if none has.
  func place(of device: UInt16, at offset: Int) -> Place? {
    states[device]?.pieces.first { offset < $0.end }?.place
  }

  /// Adds the next bytes of a device's state; false if they are too many with those before, or are
  /// not the first that were: then they are not kept.
  mutating func append(_ bytes: RawSpan, of device: UInt16, at place: Place) -> Bool {
    var state = states.removeValue(forKey: device) ?? State()
    defer { states[device] = state }
    let end = state.bytes.count + bytes.byteCount
    guard !state.isTooLarge, end <= Self.byteLimit else {
      state.isTooLarge = true
      return false
    }
    state.bytes.append(contentsOf: [UInt8](bytes))
    state.pieces.append((end, place))
    return true
  }

  /// Forgets the bytes of a device's state.
  mutating func forget(_ device: UInt16) {
    states[device]?.bytes = []
    states[device]?.pieces = []
  }
}
