import ByteIO
private import Glibc
public import SystemPackage

/// A program that this process starts, or becomes.
///
/// Paths and arguments are text as `PathBytes` has it, so that none has to be UTF-8.
public struct Program: Sendable, Hashable {
  /// The file of the program.
  public let path: String

  /// The program of this process.
  public static let own = Program(path: "/proc/self/exe")

  /// The program in a file, which need not be there yet.
  public init(path: String) { self.path = path }

  /// The program that a shell would run for `name`: the file itself if the name has a slash, else
  /// the first in the folders of `PATH`; nil if there is none.
  public init?(named name: String) {
    guard !name.isEmpty else { return nil }
    if name.contains("/") {
      guard Self.isProgram(name) else { return nil }
      path = name
      return
    }
    // SAFETY: nothing changes the environment meanwhile.
    let path = unsafe getenv("PATH").map { unsafe PathBytes(cString: $0).text } ?? "/usr/bin:/bin"
    let found = path.split(separator: ":").map { "\($0)/\(name)" }.first(where: Self.isProgram)
    guard let found else { return nil }
    self.path = found
  }

  private static func isProgram(_ path: String) -> Bool {
    unsafe PathBytes(text: path).withCString { path in
      var status = stat()
      return unsafe stat(path, &status) == 0 && status.st_mode & S_IFMT != S_IFDIR
        && access(path, X_OK) == 0
    }
  }

  /// Replaces this process by the program, and returns only if that could not be, with the reason.
  ///
  /// The corresponding C function is `execv`.
  ///
  /// - Parameters:
  ///   - arguments: its arguments, the first of which is its name.
  ///   - variables: what its environment has besides this process's.
  public func replaceThisProcess(
    arguments: [String], settingVariables variables: [String: String] = [:]
  ) -> Errno {
    for (name, value) in variables { unsafe setenv(name, value, 1) }
    // What this process ignores the next one would too.
    let handler = Glibc.signal(SIGPIPE, SIG_DFL)
    let reason = unsafe Self.withCArguments(arguments) { arguments in
      unsafe PathBytes(text: path).withCString { _ = unsafe execv($0, arguments) }
      return Errno(rawValue: errno)
    }
    _ = Glibc.signal(SIGPIPE, handler)
    return reason
  }

  /// Calls `body` with arguments as C functions take them, which are gone afterwards.
  static func withCArguments<Result>(
    _ arguments: [String],
    _ body: (UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> Result
  ) -> Result {
    // SAFETY: the copies live until they are freed below.
    var pointers =
      unsafe arguments.map {
        unsafe PathBytes(text: $0).withCString { unsafe strdup($0) }
      } + [nil]
    defer { for index in unsafe pointers.indices { unsafe free(pointers[index]) } }
    return unsafe body(&pointers)
  }
}
