/// Why bytes or text could not be taken as a configuration space or a profile, and where.
public struct PCIConfigError: Error, Sendable, Hashable {
  /// The kind of problem.
  public struct Code: Sendable, Hashable, CustomStringConvertible {
    private enum Value: String {
      case size, dump, limit, profile
      case noDevice = "no-device"
      case noBAR = "no-bar"
    }
    private let value: Value

    /// The code in one word, as reports have it.
    public var description: String { value.rawValue }

    /// The number of bytes is not one that a configuration space can have.
    public static var size: Self { Self(value: .size) }
    /// The input as a whole is no dump, or a line of it lists a function without its bytes, is
    /// malformed or contradicts the lines before.
    public static var dump: Self { Self(value: .dump) }
    /// The dump does not hold the device that was asked for.
    public static var noDevice: Self { Self(value: .noDevice) }
    /// The function has no BAR of which something was said.
    public static var noBAR: Self { Self(value: .noBAR) }
    /// The input exceeds a limit on its size or its number of devices.
    public static var limit: Self { Self(value: .limit) }
    /// A device, or a saved state, does not fit the profile that it is to serve.
    public static var profile: Self { Self(value: .profile) }
  }

  /// Where in the input the problem lies.
  public enum Place: Sendable, Hashable {
    /// The input as a whole.
    case whole
    /// A place in a text, counted from 1 as editors do.
    case text(line: Int, column: Int?)
    /// A byte of a configuration space.
    case offset(Int)
  }

  /// The kind of the failure.
  public let code: Code
  /// The place in the input that the failure is about.
  public let place: Place
  /// What was expected and what was found.
  public let message: String

  /// An error with the words of `message`, which say what was expected and found.
  public init(_ code: Code, at place: Place = .whole, _ message: String) {
    self.code = code
    self.place = place
    self.message = message
  }
}

extension PCIConfigError: CustomStringConvertible {
  /// The message with its place in front, to be put behind a file's name.
  public var description: String {
    switch place {
    case .whole: message
    case .text(let line, nil): "\(line): \(message)"
    case .text(let line, let column?): "\(line):\(column): \(message)"
    case .offset(let offset): "offset 0x\(String(offset, radix: 16)): \(message)"
    }
  }
}
