public import StreamIO

/// Two things that are held against each other: streams, or states of devices.
public enum ComparedInputs: ~Copyable {
  /// Both can be read at any offset.
  case streams(InputFile, InputFile)
  case states(StateInput, StateInput)

  /// Opens what both names stand for: states if one is a device (`F.dms#DEVICE`), or if both files
  /// look like device state; else streams.
  ///
  /// - Parameters:
  ///   - left: a file, a device, or `-` for standard input.
  ///   - right: the same.
  ///   - isAnyKind: whether files that are no streams are states whatever their content looks like.
  public init(_ left: String, _ right: String, isAnyKind: Bool = false) throws(InputError) {
    guard try DeviceReference.named(left) == nil, try DeviceReference.named(right) == nil else {
      self = .states(
        try StateInput(left, isAnyKind: isAnyKind), try StateInput(right, isAnyKind: isAnyKind))
      return
    }
    let file = try RecognizedFile(left)
    let other = try RecognizedFile(right)
    let areStates =
      isAnyKind
      ? file.kind != .migrationStream && other.kind != .migrationStream
      : file.kind.isState && other.kind.isState
    self =
      areStates
      ? .states(try StateInput(file.file(), left), try StateInput(other.file(), right))
      : .streams(
        try file.file(for: .stream).seekable(left), try other.file(for: .stream).seekable(right))
  }
}

extension FileKind {
  /// Whether a file of this kind may be device state, and is no damaged file of another kind that
  /// could as well be empty.
  fileprivate var isState: Bool {
    switch self {
    case .deviceState, .rawSpace, .bytes: true
    default: false
    }
  }
}
