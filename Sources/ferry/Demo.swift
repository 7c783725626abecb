import ArgumentParser

/// `ferry demo`: the whole main job on a real device's state.
struct Demo: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Run the whole job on the state of a real device, and explain each step.",
    discussion: """
      Needs no input and no privilege: the state of an mtty device, captured from Linux 6.12.117, is \
      part of the tool. Works in a temporary folder that it removes again. The exit code is 0 only \
      if every step did what it should.

      Example: ferry demo
      """)

  func run() throws {
    let folder = try TemporaryFolder()
    try folder.enter()
    var tour = try DemoTour { Main.run($0, report: $1) }
    try tour.run()
    try tour.finish()
  }
}
