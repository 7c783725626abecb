import ByteIO
import CGlibc

/// What the process was given to do.
enum ProcessArguments {
  /// The arguments, of which Swift's own `CommandLine` has none if /proc is not there; bytes that
  /// are not UTF-8 as `PathBytes` has them.
  static var all: [String] {
    (0..<ferry_argument_count()).compactMap { number in
      // SAFETY: the text lives as long as the process.
      unsafe ferry_argument(number).map { unsafe PathBytes(cString: $0).text }
    }
  }
}
