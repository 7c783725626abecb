import ByteIO
public import Migration
import StateTranslation

/// What a replay was given, as its command names it, for the command that helps.
public struct ReplayArguments: Sendable {
  /// The stream's file.
  public let path: String
  /// The names of the targets, by the number of the stream's device.
  public var devices: [UInt16: String] = [:]
  /// The files of the profiles in place of the stream's, by the number of the stream's device.
  public var profiles: [UInt16: String] = [:]

  /// The arguments of a replay of the stream in this file.
  public init(path: String) { self.path = path }
}

extension CompatibilityReport {
  /// Why the targets are not given the stream `path`, the first line of an error.
  public func refusal(of path: String) -> String {
    let path = TerminalText.text(path)
    return switch verdict {
    case .cannot: "\(path): the targets cannot take this stream"
    case .unknown: "\(path): the stream lacks what an answer needs"
    case .can, .unchecked: "\(path): not all could be checked, which --strict takes for a no"
    }
  }

  /// The reasons for that, and the ways out, a line each.
  public func reasons(_ arguments: ReplayArguments) -> [String] {
    let worst: [Finding.Severity] =
      verdict == .unchecked ? [.unchecked] : [.incompatible, .unknown]
    return findings.filter { worst.contains($0.severity) }.map { TerminalText.text("\($0)") }
      + waysOut.map { $0.text(arguments) }
  }
}

extension CompatibilityReport.Finding {
  /// The finding in a line of a report.
  var line: String {
    let prefix =
      switch severity {
      case .incompatible: ""
      case .unknown: "unknown: "
      case .unchecked: "not checked: "
      case .note: "note: "
      }
    return prefix + TerminalText.text("\(self)")
  }

  var json: JSONValue {
    [
      "severity": .string(severity.rawValue), "device": .number(device),
      "subject": .string(subject), "wanted": .string(wanted), "found": .string(found),
      "side": .string(side.rawValue),
    ]
  }
}

extension CompatibilityReport.WayOut {
  /// The line of a report.
  func text(_ arguments: ReplayArguments) -> String {
    let command = command(arguments)
    let text =
      switch isEnough {
      case true?: "way out: \(command)"
      case false?: "no translation helps: \(command) has every reason"
      case nil: "a translation may help: \(command) of the whole stream tells"
      }
    return TerminalText.text(text)
  }

  func json(_ arguments: ReplayArguments) -> JSONValue {
    [
      "device": .number(device), "to": .string(layout),
      "allow": .array(losses.map { .string($0.rawValue) }),
      "enough": isEnough.map { .bool($0) } ?? .null,
      "command": .string(command(arguments)),
    ]
  }

  /// The command that translates the state, or only says what stands against it.
  private func command(_ arguments: ReplayArguments) -> String {
    var words = ["ferry", "translate", arguments.path]
    if arguments.devices.count > 1 { words += ["--device", "\(device)"] }
    words += ["--to", layout]
    if let target = arguments.devices[device] { words += ["--target", target] }
    if let profile = arguments.profiles[device] { words += ["--profile", profile] }
    for loss in losses { words += ["--allow", loss.rawValue] }
    words += isEnough == true ? ["-o", "OUT"] : ["--dry-run"]
    return words.map(ShellText.word).joined(separator: " ")
  }
}
