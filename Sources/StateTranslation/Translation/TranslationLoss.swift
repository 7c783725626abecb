/// A loss that a user may accept, by its name; there is none that touches what a device is.
public enum TranslationLoss: String, Sendable, Hashable, CaseIterable {
  /// QAT: the service level agreements are left out, and with them the guarantee that the target keeps to them.
  case serviceLevels = "drop-slas"
  /// mtty: the target has a port that the source had not, and it begins as after a reset.
  case port = "invent-port"

  /// What is lost, in a line.
  public var summary: String {
    switch self {
    case .serviceLevels:
      "qat: leave the service level agreements out; the target is not held to their rates"
    case .port: "mtty: begin a port that the source had not as after a reset"
    }
  }
}
