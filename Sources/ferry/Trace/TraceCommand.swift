import ArgumentParser

/// `ferry trace`: what was asked of a kernel, and what it answered.
struct TraceCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "trace",
    abstract: "Look into traces of what a device was asked.",
    subcommands: [TraceShow.self, TraceProxy.self])
}
