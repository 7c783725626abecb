import ArgumentParser
import ByteIO
import Glibc
import Handover
import MigrationStream
import Transport

/// What both sides of a handover may choose.
struct HandoverChoices: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Where decisions are written down (default: ferry/handovers in XDG_STATE_HOME, or in ~/.local/state).",
      valueName: "dir"), completion: .directory)
  var journal: String?

  @Option(
    help: ArgumentHelp("The most time without a sign of the other side.", valueName: "time"))
  var patience = DurationOption(.seconds(30))

  @Option(
    help: ArgumentHelp(
      "The most time, in total, that each connection may be lost and be made anew, on both sides (default: none: "
        + "the first that is lost ends the handover).", valueName: "time"))
  var retry = DurationOption(.zero)

  @Option(
    help: ArgumentHelp(
      "json: how far it has come as lines on standard error (schemas/progress.schema.json).",
      valueName: "form"))
  var progress: HandoverProgress.Form?

  @OptionGroup var protection: ProtectionOptions

  func validate() throws {
    guard journal != "" else { throw ValidationError("Expected a folder behind --journal.") }
    guard patience.duration >= .milliseconds(100) else {
      throw ValidationError("Expected a --patience of 100 ms or more, found \(patience).")
    }
  }

  /// The folder of the journals.
  func journals() throws -> JournalFolder {
    if let journal { return JournalFolder(journal) }
    // SAFETY: nothing of this process changes its environment.
    let state = unsafe getenv("XDG_STATE_HOME").map { unsafe PathBytes(cString: $0).text }
    if let state, state.hasPrefix("/") { return JournalFolder("\(state)/ferry/handovers") }
    guard let home = unsafe getenv("HOME").map({ unsafe PathBytes(cString: $0).text }),
      home.hasPrefix("/")
    else {
      throw CommandError.usage("expected --journal DIR, for neither XDG_STATE_HOME nor HOME is set")
    }
    return JournalFolder("\(home)/.local/state/ferry/handovers")
  }

  /// An address on the command line.
  static func address(_ text: String, of option: String) throws -> NetworkAddress {
    do throws(NetworkAddress.Malformed) {
      return try NetworkAddress(parsing: text)
    } catch {
      throw CommandError.usage("\(option) \(error)")
    }
  }

  /// This program, for the other side.
  static var producer: String { "ferry \(StreamInformation.ferryVersion)" }
}
