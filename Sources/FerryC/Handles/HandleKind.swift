/// What a handle stands for.
///
/// The raw value is part of every handle, so that a handle of another kind is told from one that
/// was freed.
enum HandleKind: UInt8 {
  case profile = 1
  case space = 2
  case writer = 3
  case reader = 4
  case state = 5
  case vfio = 6
}

extension HandleKind {
  /// The kind for an error's text.
  var name: String {
    switch self {
    case .profile: "a profile"
    case .space: "a space"
    case .writer: "a writer"
    case .reader: "a reader"
    case .state: "a state"
    case .vfio: "a VFIO device"
    }
  }
}

/// What a handle can stand for.
protocol HandleObject: AnyObject {
  static var kind: HandleKind { get }
}
