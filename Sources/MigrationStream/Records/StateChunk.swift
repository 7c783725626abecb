import ByteIO

/// A piece of a device's state: where it lies, and when in the migration it was read.
public struct StateChunk: Sendable, Hashable {
  /// The bytes of a chunk's payload before the coded state.
  public static let headByteCount = 8

  public var device: UInt16
  /// Where the chunk begins in the device's state, which is one sequence of bytes in the order of reading.
  public var stateOffset: UInt64
  /// The number of state bytes.
  public var byteCount: UInt32
  public var context: Context

  /// When in the migration state was read.
  public struct Context: Sendable, Hashable {
    public var phase: Phase
    /// The round of pre-copy, counted from 0; 0 in stop-copy.
    public var iteration: UInt32
    public var flags: Flags

    public init(phase: Phase, iteration: UInt32 = 0, flags: Flags = []) {
      self.phase = phase
      self.iteration = iteration
      self.flags = flags
    }
  }

  public enum Phase: UInt8, Sendable, Hashable, CaseIterable {
    /// Read while the device ran (`VFIO_DEVICE_STATE_PRE_COPY`, `…_PRE_COPY_P2P`).
    case preCopy = 1
    /// Read while it stood still (`VFIO_DEVICE_STATE_STOP_COPY`).
    case stopCopy = 2
  }

  public struct Flags: OptionSet, Sendable, Hashable {
    public let rawValue: UInt8
    public init(rawValue: UInt8) { self.rawValue = rawValue }

    /// Part of the initial data of `vfio_precopy_info.initial_bytes`.
    public static var initialData: Self { Self(rawValue: 1) }
    /// The initial data end with this chunk.
    public static var lastOfInitialData: Self { Self(rawValue: 2) }
    /// The iteration ends with this chunk.
    public static var lastOfIteration: Self { Self(rawValue: 4) }
    /// The driver announced new initial data before this chunk (`VFIO_PRECOPY_INFO_REINIT`).
    public static var reinitialized: Self { Self(rawValue: 8) }
  }

  public init(device: UInt16, stateOffset: UInt64, byteCount: UInt32, context: Context) {
    self.device = device
    self.stateOffset = stateOffset
    self.byteCount = byteCount
    self.context = context
  }
}

extension StateChunk.Context {
  /// The context in the first 8 of `bytes`, which must have as many, unless the phase is unknown.
  package init?(parsing bytes: RawSpan) {
    guard let phase = StateChunk.Phase(rawValue: bytes[byte: 0]) else { return nil }
    self.init(
      phase: phase, iteration: bytes.little(UInt32.self, at: 4),
      flags: StateChunk.Flags(rawValue: bytes[byte: 1]))
  }

  func encode(into writer: inout ByteWriter) {
    writer.little(phase.rawValue)
    writer.little(flags.rawValue)
    writer.little(0 as UInt16)
    writer.little(iteration)
  }
}

extension StateChunk.Phase: CustomStringConvertible {
  public var description: String {
    switch self {
    case .preCopy: "pre-copy"
    case .stopCopy: "stop-copy"
    }
  }
}

extension StateChunk.Context: CustomStringConvertible {
  public var description: String {
    var parts = ["\(phase)"]
    if phase == .preCopy { parts.append("iteration \(iteration)") }
    let names: [(StateChunk.Flags, String)] = [
      (.initialData, "initial data"), (.lastOfInitialData, "last of the initial data"),
      (.lastOfIteration, "last of the iteration"), (.reinitialized, "after a REINIT"),
    ]
    parts += names.filter { flags.contains($0.0) }.map(\.1)
    return parts.joined(separator: ", ")
  }
}
