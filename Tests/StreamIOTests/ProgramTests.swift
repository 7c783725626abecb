import Glibc
import StreamIO
import SystemPackage
import Testing

/// Programs that are found and started.
@Suite struct ProgramTests {
  private let shell = Program(path: "/bin/sh")

  init() { signal(SIGPIPE, SIG_IGN) }

  private func run(
    _ script: String, _ input: [UInt8] = [], within limit: Duration = .seconds(60)
  ) throws -> Program.End {
    try shell.run(["sh", "-c", script], input: input, within: limit)
  }

  @Test(arguments: [0, 1, 65536, 1 << 20])
  func whatAProgramWritesComesBack(count: Int) throws {
    let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31) }
    #expect(try run("cat", bytes) == .exited(bytes))
  }

  @Test func aProgramNeedNotTakeItsInput() throws {
    let bytes = [UInt8](repeating: 1, count: 1 << 20)
    #expect(try run("true", bytes) == .exited([]))
    #expect(try run("exec <&-; echo no", bytes) == .exited(Array("no\n".utf8)))
  }

  @Test func aSignalIsTold() throws { #expect(try run("kill -9 $$") == .killed(SIGKILL)) }

  @Test(arguments: ["exec sleep 60", "trap '' TERM; exec sleep 60", "exec >&-; exec sleep 60"])
  func whatTakesTooLongIsEnded(script: String) throws {
    #expect(try run(script, within: .milliseconds(100)) == .late)
  }

  @Test func aProgramThatIsNotThereIsAnError() {
    #expect(throws: Errno.noSuchFileOrDirectory) {
      try Program(path: "/no/such").run(["such"], input: [], within: .seconds(1))
    }
  }

  // MARK: Finding them

  @Test func aNameIsFoundAsAShellFindsIt() throws {
    let found = try #require(Program(named: "sh"))
    #expect(found.path.hasSuffix("/sh"))
    #expect(Program(named: "/bin/sh") == shell)
    #expect(Program(named: "no-such-program-is-there") == nil)
    #expect(Program(named: "") == nil)
    #expect(Program(named: "/bin") == nil)
  }

  @Test func aFileThatNobodyMayRunIsNoProgram() throws {
    let folder = try TemporaryFolder()
    let path = try folder.write("#!/bin/sh\necho yes\n".utf8, to: "program")
    #expect(Program(named: path) == nil)
    #expect(chmod(path, 0o700) == 0)
    #expect(Program(named: path)?.path == path)
  }
}
