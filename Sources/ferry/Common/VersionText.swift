import CCommit
import MigrationStream

/// What `ferry --version` says.
enum VersionText {
  static let text =
    "ferry \(StreamInformation.ferryVersion) (commit \(commit), format \(format))"

  // SAFETY: the text is the program's own, ends with a 0 and is never freed.
  private static let commit = unsafe String(cString: ferry_commit())

  private static let format =
    "\(StreamHeader.currentVersion.major).\(StreamHeader.currentVersion.minor)"
}
