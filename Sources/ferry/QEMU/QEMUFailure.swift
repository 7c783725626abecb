import QEMUStream

extension CommandError {
  /// What a command ends with where a QEMU stream cannot be read on, or refuses.
  init(_ error: QEMUStreamError, in path: String) {
    switch error.code {
    case .noDevice, .mismatch: self = .no("\(path): \(error)")
    case .unsupported, .unsupportedVersion: self = .no("\(path): \(Self.text(error))")
    case .notAStream: self = .damaged("\(path): \(error)")
    default: self = .damaged("\(path): \(Self.text(error))")
    }
  }

  private static func text(_ error: QEMUStreamError) -> String {
    let section = error.section.map { " in section \($0)" } ?? ""
    return "cannot go on from offset \(error.offset)\(section), because it expected "
      + "\(error.expected) and found \(error.found)"
  }
}
