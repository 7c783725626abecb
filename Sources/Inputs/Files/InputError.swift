public import PCIConfig
public import QEMUStream
public import StreamIO

/// Why a file does not give what was asked of it.
public struct InputError: Error, Sendable, Hashable {
  /// The kind of problem.
  public enum Cause: Sendable, Hashable {
    /// The file cannot be read, or its content not understood.
    case file(StreamIOError)
    /// There is a file of this name, and another of which the name means a device.
    case ambiguous(file: String, device: String)
    /// The file does not hold what was asked for.
    case absent(expected: String, found: String)
    /// What the file holds is not as it must be for what was asked.
    case unsuitable(expected: String, found: String)
    /// The file is something else than what was expected; the advice says who takes it.
    case kind(FileKind, expected: String, advice: String?)
    /// The file is an image whose head is refused.
    case qemuStream(QEMUStreamError)
    /// The file's configuration spaces are refused.
    case space(PCIConfigError)
  }

  /// The file as the user named it.
  public let name: String
  /// The kind of problem.
  public let cause: Cause

  /// An error about the file that the user calls `name`.
  public init(_ name: String, _ cause: Cause) {
    self.name = name
    self.cause = cause
  }

  /// The error of the file that the user calls `name`, which is of a kind that `use` does not take.
  init(_ name: String, _ kind: FileKind, for use: InputUse, advice: String? = nil) {
    self.init(name, .kind(kind, expected: use.noun, advice: advice))
  }

  /// Runs `body`; an error of it is one of the file that the user calls `name`.
  static func reading<Result: ~Copyable>(
    _ name: String, _ body: () throws(StreamIOError) -> Result
  ) throws(InputError) -> Result {
    do throws(StreamIOError) {
      return try body()
    } catch {
      throw InputError(name, .file(error))
    }
  }
}

extension InputError: CustomStringConvertible {
  /// The file, what was expected and what was found.
  public var description: String {
    switch cause {
    case .file(let error): return "\(error)"
    case .absent, .ambiguous, .kind, .qemuStream, .unsuitable:
      return "\(name): \(reason)"
    case .space(let error):
      let isLine = if case .text = error.place { true } else { false }
      return "\(name)\(isLine ? ":" : ": ")\(error)"
    }
  }

  /// The same without the file's name.
  public var reason: String {
    switch cause {
    case .file(let error): "\(error)"
    case .absent(let expected, let found), .unsuitable(let expected, let found):
      "expected \(expected), found \(found)"
    case .ambiguous(let file, let device):
      "expected a name of one thing, found a file of this name and the file '\(file)', of which it "
        + "names the device '\(device)'; one of them wants another name"
    case .kind(let kind, let expected, let advice):
      "expected \(expected), found \(kind)" + (advice.map { "; \($0)" } ?? "")
    case .qemuStream(let error): "\(error)"
    case .space(let error): "\(error)"
    }
  }
}
