import ByteIO

/// A piece of a device's state: where it lies, and when in the migration it was read.
public struct StateChunk: Sendable, Hashable {
  /// The bytes of a chunk's payload before the coded state.
  public static let headByteCount = 8

  /// The number of the device in the stream.
  public var device: UInt16
  /// Where the chunk begins in the device's state, which is one sequence of bytes in the order of
  /// reading.
  public var stateOffset: UInt64
  /// The number of state bytes.
  public var byteCount: UInt32
  /// The part of the migration that the chunk was read in.
  public var context: Context
  /// What it has to do with other chunks; nothing but in a stream with a window.
  public var dependency = Dependency.none

  /// Whether a chunk refers to another, or may be referred to.
  public enum Dependency: Sendable, Hashable {
    case none
    /// Later chunks may refer to it.
    case kept
    /// It is coded against the chunk whose record stands this many records before its own.
    case reference(distance: UInt16)
  }

  /// When in the migration state was read.
  public struct Context: Sendable, Hashable {
    /// Whether the device ran while the chunk was read.
    public var phase: Phase
    /// The round of pre-copy, counted from 0; 0 in stop-copy.
    public var iteration: UInt32
    /// The place of the chunk in its round.
    public var flags: Flags

    /// The context of a chunk; `iteration` counts rounds of pre-copy from 0.
    public init(phase: Phase, iteration: UInt32 = 0, flags: Flags = []) {
      self.phase = phase
      self.iteration = iteration
      self.flags = flags
    }
  }

  /// Whether the device ran (PRE_COPY) or was stopped (STOP_COPY).
  public enum Phase: UInt8, Sendable, Hashable, CaseIterable {
    /// Read while the device ran (`VFIO_DEVICE_STATE_PRE_COPY`, `…_PRE_COPY_P2P`).
    case preCopy = 1
    /// Read while it stood still (`VFIO_DEVICE_STATE_STOP_COPY`).
    case stopCopy = 2
  }

  /// Marks of chunks at the end of initial data or of a round.
  public struct Flags: OptionSet, Sendable, Hashable {
    public let rawValue: UInt8
    /// A chunk of `byteCount` bytes at `stateOffset` of the device's state.
    public init(rawValue: UInt8) { self.rawValue = rawValue }

    /// Part of the initial data of `vfio_precopy_info.initial_bytes`.
    public static var initialData: Self { Self(rawValue: 1) }
    /// The initial data end with this chunk.
    public static var lastOfInitialData: Self { Self(rawValue: 2) }
    /// The iteration ends with this chunk.
    public static var lastOfIteration: Self { Self(rawValue: 4) }
    /// The driver announced new initial data before this chunk (`VFIO_PRECOPY_INFO_REINIT`).
    public static var reinitialized: Self { Self(rawValue: 8) }
    // Bit 4 says that the chunk is kept: how it is coded, not when it was read.
    fileprivate static var kept: Self { Self(rawValue: 16) }
  }

  /// A chunk of `byteCount` bytes at `stateOffset` of the device's state.
  public init(
    device: UInt16, stateOffset: UInt64, byteCount: UInt32, context: Context,
    dependency: Dependency = .none
  ) {
    self.device = device
    self.stateOffset = stateOffset
    self.byteCount = byteCount
    self.context = context
    self.dependency = dependency
  }
}

extension StateChunk {
  /// The chunk with this header, whose head are the first 8 of `bytes`, which must have as many;
  /// nil if the phase is unknown.
  ///
  /// In a stream without a window, there are no dependencies: what says so elsewhere is reserved. A
  /// delta that says that it is kept is taken for kept, which `checkDependency` refuses.
  package init?(_ header: RecordHeader, head bytes: RawSpan, hasWindow: Bool) {
    guard let phase = Phase(rawValue: bytes[byte: 0]) else { return nil }
    var flags = Flags(rawValue: bytes[byte: 1])
    var dependency = Dependency.none
    if hasWindow {
      if flags.contains(.kept) {
        dependency = .kept
      } else if header.encoding == .delta {
        dependency = .reference(distance: bytes.little(UInt16.self, at: 2))
      }
      flags.remove(.kept)
    }
    self.init(
      device: header.device, stateOffset: header.stateOffset, byteCount: header.rawByteCount,
      context: Context(phase: phase, iteration: bytes.little(UInt32.self, at: 4), flags: flags),
      dependency: dependency)
  }

  /// Throws if a chunk cannot be kept, or refers to nothing.
  package func checkDependency(
    _ header: RecordHeader, at place: RecordLocation
  ) throws(StreamError) {
    switch dependency {
    case .kept where header.encoding != .raw && header.encoding != .zstd:
      throw place.error(
        .malformedRecord, expected: "a kept chunk as raw or zstd", found: "\(header.encoding)")
    case .reference(distance: 0):
      throw place.error(
        .malformedRecord, expected: "a delta that refers to an earlier record", found: "itself")
    default: break
    }
  }

  /// The 8 bytes before the coded state.
  func encodeHead(into writer: inout ByteWriter) {
    var flags = context.flags.subtracting(.kept)
    var distance: UInt16 = 0
    switch dependency {
    case .none: break
    case .kept: flags.insert(.kept)
    case .reference(let value): distance = value
    }
    writer.little(context.phase.rawValue)
    writer.little(flags.rawValue)
    writer.little(distance)
    writer.little(context.iteration)
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
