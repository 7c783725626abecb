import ByteIO
import Glibc
import Handover
import MigrationStream
import StreamIO
import Testing

/// A folder of its own for each test, taken away afterwards.
@Suite final class JournalTests {
  private let path = "/tmp/ferry-journals-\(UInt64.random(in: 0 ... .max))/nested"
  private let handover = StreamUUID.random()
  private var folder: JournalFolder { JournalFolder(path) }
  private var file: String { "\(path)/\(handover).source" }

  deinit {
    unlink(file)
    unlink("\(path)/\(handover).target")
    rmdir(path)
    rmdir(String(path.dropLast("/nested".count)))
  }

  private func source() throws -> Journal<SourceDecision> {
    try Journal.begin(of: handover, in: path, facts: ["peer": .string("unix:\"x\"\n")])
  }

  private func write(_ text: String) throws {
    let descriptor = open(file, O_WRONLY | O_APPEND)
    try #require(descriptor >= 0)
    defer { close(descriptor) }
    #expect(Glibc.write(descriptor, text, text.utf8.count) == text.utf8.count)
  }

  @Test func decisionsAreReadAsTheyWereWritten() throws {
    #expect(try folder.unfinished(SourceDecision.self).isEmpty)
    #expect(try folder.entry(of: handover, SourceDecision.self) == nil)
    do {
      var journal = try source()
      try journal.append(.commit)
      let entry = try #require(try folder.entry(of: handover, SourceDecision.self))
      #expect(entry.decision == .commit && entry.isHeld)
      // Its target's is another.
      #expect(try folder.entry(of: handover, TargetDecision.self) == nil)
      #expect(throws: StreamIOError.self) { _ = try self.source() }
    }
    let entry = try #require(try folder.unfinished(SourceDecision.self).first).get()
    #expect(entry.handover == handover && !entry.isHeld)
    do {
      var journal = try Journal<SourceDecision>(continuing: entry.path, of: handover)
      try journal.append(.inDoubt, why: "a cable")
      // What cannot follow is refused, and not written.
      #expect(throws: StreamIOError.self) { try journal.append(.aborted) }
      try journal.append(.takenBack)
    }
    #expect(try folder.unfinished(SourceDecision.self).isEmpty)
    #expect(try folder.entry(of: handover, SourceDecision.self)?.decision == .takenBack)
  }

  @Test func halfALineWasNotDecided() throws {
    do { _ = try source().decision }
    try write(#"{"decision": "comm"#)
    #expect(try folder.entry(of: handover, SourceDecision.self)?.decision == .begun)
    // Who goes on takes it away.
    do {
      var journal = try Journal<SourceDecision>(continuing: file, of: handover)
      try journal.append(.aborted)
    }
    #expect(try folder.entry(of: handover, SourceDecision.self)?.decision == .aborted)
  }

  @Test(arguments: [
    ("{\"decision\": \"handed-over\"}", "handed-over"), ("{\"decision\": \"comm\0t\"}", "none"),
    ("{\"decision\": \"commit-2\"}", "none"), ("", "none"), ("commit", "none"),
  ])
  func aLineThatCannotBeReadIsNotPassedOver(line: String, found: String) throws {
    do { _ = try source().decision }
    try write(line + "\n")
    let error = StreamIOError(
      file, .content("line 2: expected a decision that follows begun, found \(found)"))
    #expect(throws: error) { try self.folder.entry(of: self.handover, SourceDecision.self) }
    // The others of the folder can still be settled.
    guard case .failure(error)? = try folder.unfinished(SourceDecision.self).first else {
      Issue.record("expected the journal with its error")
      return
    }
  }
}
