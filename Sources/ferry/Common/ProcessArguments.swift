import CGlibc

/// What the process was given to do.
enum ProcessArguments {
  /// The arguments, of which Swift's own `CommandLine` has none if /proc is not there.
  static var all: [String] {
    (0..<ferry_argument_count()).compactMap { number in
      // SAFETY: the text lives as long as the process.
      unsafe ferry_argument(number).map { unsafe String(cString: $0) }
    }
  }
}
