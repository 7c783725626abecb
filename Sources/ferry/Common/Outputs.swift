import Reports
import StreamIO

/// The files that a command writes, by the options that name them.
enum Outputs {
  /// Ends the command if two of them are one file: one would be lost.
  static func requireDistinct(_ outputs: [(option: String, path: String?)]) throws {
    var options: [OutputIdentity: String] = [:]
    for (option, path) in outputs {
      guard let path, let identity = OutputIdentity(path: path) else { continue }
      if let other = options.updateValue(option, forKey: identity) {
        throw CommandError.usage(
          "\(option) \(path): expected another file than that of \(other), found the same")
      }
    }
  }
}
