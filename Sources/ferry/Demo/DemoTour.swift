import ByteIO
import MigrationStream
import StreamIO

/// The steps of `ferry demo`, each a command that a user could type, run as such in the current
/// folder.
struct DemoTour: ~Copyable {
  private var output: TextOutput
  private var failures: [String] = []
  private var step = 0
  private let ferry: Command

  /// Runs ferry with arguments, gives its messages to a closure, and returns its exit code.
  typealias Command = ([String], (String) -> Void) -> Int32

  init(running ferry: @escaping Command) throws {
    output = try TextOutput()
    self.ferry = ferry
  }

  mutating func run() throws {
    try output.print(
      """
      A passed-through device moves only if three things arrive together: the state that its kernel
      driver handed out, its configuration space, and its PASID bindings. This demo takes the state of
      an mtty device with two serial ports, read from Linux 6.12.117 while "hello" stood in its FIFO:
      \(CapturedDevice.state.count) bytes, of which \(CapturedDevice.preCopyByteCount) were readable while the device still ran.
      """)
    try write(CapturedDevice.state, to: "mtty.state")
    try write(CapturedDevice.configuration, to: "mtty.config")
    try write(
      [UInt8]("domains:\n  - { id: 0 }\nbindings:\n  - { pasid: 1, domain: 0 }\n".utf8),
      to: "mtty.pasid")

    try explain("Put the three into one stream.")
    try run([
      "pack", "--part",
      "state=mtty.state,config=mtty.config,pasid=mtty.pasid,driver=mtty,name=mtty,"
        + "precopy=\(CapturedDevice.preCopyByteCount)", "-o", "mtty.dms",
    ])
    try explain("Look at what it holds.")
    try run(["inspect", "mtty.dms"])
    try explain("Check every byte: checksums, order, the device's digest, the end.")
    try run(["verify", "mtty.dms"])
    try showDamage()
    try showExtraction()
    try showDifferences()
    try showMove()
    try showFailures()
  }

  private mutating func showDamage() throws {
    var stream = try contents(of: "mtty.dms")
    guard let place = stream.firstRange(of: Array("hello".utf8))?.lowerBound else {
      return try fail("the state is not in the stream")
    }
    stream[place] ^= 1
    try write(stream, to: "damaged.dms")
    try explain("Flip one bit of a copy, at byte \(place). It is found, and the bad record named.")
    try run(["verify", "damaged.dms"], expecting: 3)
    try explain("Salvage says what is missing, and keeps the rest.")
    try run(["inspect", "damaged.dms", "--salvage"], expecting: 3)
    try write([UInt8](try contents(of: "mtty.dms").dropLast(100)), to: "torn.dms")
    try explain(
      "Cut the last 100 bytes off another copy. A torn stream is never taken for a whole one.")
    try run(["verify", "torn.dms"], expecting: 3)
  }

  private mutating func showExtraction() throws {
    try explain("Take state and configuration space out again, and compare them with what went in.")
    try run([
      "extract", "mtty.dms", "--device", "mtty", "--state", "out.state", "--config", "out.config",
    ])
    try check(
      "out.state is mtty.state, byte for byte", contents(of: "out.state") == CapturedDevice.state)
    try check(
      "out.config is mtty.config, byte for byte",
      contents(of: "out.config") == CapturedDevice.configuration)
  }

  private mutating func showDifferences() throws {
    try explain("Code the same parts otherwise. The stream has other bytes and means the same.")
    let part = "config=mtty.config,pasid=mtty.pasid,driver=mtty,name=mtty"
    try run([
      "pack", "--part", "state=mtty.state,\(part)", "--compression", "raw", "-o", "raw.dms",
    ])
    try run(["diff", "mtty.dms", "raw.dms"])
    var state = CapturedDevice.state
    state[CapturedDevice.fifoOffset] = UInt8(ascii: "j")
    try write(state, to: "other.state")
    try explain("Change one byte of the FIFO. The difference is named.")
    try run(["pack", "--part", "state=other.state,\(part)", "-o", "other.dms"])
    try run(["diff", "mtty.dms", "other.dms"], expecting: 1)
  }

  private mutating func showMove() throws {
    let source = "emulated:mtty?ports=2&text=hello&file=source"
    let target = "emulated:mtty?ports=2&file=target"
    try explain(
      """
      Now the move itself. This build's emulated mtty answers as the kernel's driver does, byte for byte;
         vfio: devices take the same road. Capture one that runs: what it hands out while it runs first.
      """)
    try run(["capture", source, "-o", "live.dms"])
    try run(["inspect", "live.dms"])
    try explain("Ask whether another device can take it. Nothing is touched.")
    try run(["replay", "live.dms", "emulated:mtty?ports=1&file=target", "--check"], expecting: 1)
    try run(["replay", "live.dms", target, "--check"])
    try explain("Replay it. The target runs only once the whole stream was verified.")
    try run(["replay", "live.dms", target])
    try check(
      "the target holds what the source held, byte for byte",
      contents(of: "target") == contents(of: "source"))
    try check(
      "and that is what the kernel's own driver handed out for such a device",
      contents(of: "target") == CapturedDevice.state)
  }

  private mutating func showFailures() throws {
    let before = try contents(of: "target")
    try explain("A target that fails before it takes another state keeps what it had.")
    try run(["capture", "emulated:mtty?ports=2&text=world", "-o", "world.dms"])
    try run(
      ["replay", "world.dms", "emulated:mtty?ports=2&file=target&fail=STOP-RESUMING:EBUSY"],
      expecting: 4)
    try check("the target is as it was", contents(of: "target") == before)
    try explain("One that fails at a byte of its state is reset, and the message says so.")
    try run(
      ["replay", "world.dms", "emulated:mtty?ports=2&file=target&fail=40:EIO"], expecting: 6)
    try check(
      "nothing of the half that came is in the target (this driver's reset keeps its registers)",
      contents(of: "target") == before)
  }

  /// Says what was proved; throws if anything was off.
  consuming func finish() throws {
    let failures = failures
    if failures.isEmpty {
      try output.print(
        """

        Proved: state, configuration space and PASID bindings of a real device went through a stream
        and came out byte for byte; a flipped bit and a cut were found and placed; two codings of the
        same content mean the same, and one changed byte does not.
        """)
    }
    try output.finish()
    if !failures.isEmpty {
      throw CommandError.no("the demo failed: \(failures.joined(separator: "; "))")
    }
  }

  private mutating func explain(_ text: String) throws {
    step += 1
    try output.print("\n\(step). \(text)")
  }

  /// Shows a command and runs it; any exit code but the expected one is a failure.
  private mutating func run(_ arguments: [String], expecting code: Int32 = 0) throws {
    let words = arguments.map { $0.contains("?") ? "'\($0)'" : $0 }
    try output.print("   $ ferry \(words.joined(separator: " "))")
    try output.flush()
    var messages: [String] = []
    let result = ferry(arguments) { messages.append($0) }
    for message in messages { try output.print(message) }
    if code != 0 && result == code { try output.print("   (exit code \(code), as it should be)") }
    if result != code { try fail("'\(arguments[0])' ended with \(result), expected \(code)") }
  }

  private mutating func check(_ claim: String, _ holds: Bool) throws {
    try output.print("   \(claim): \(holds ? "yes" : "NO")")
    if !holds { try fail("not true: \(claim)") }
  }

  private mutating func fail(_ text: String) throws {
    failures.append(text)
    try output.print("   FAILED: \(text)")
  }

  private func write(_ bytes: [UInt8], to name: String) throws {
    var file = try OutputFile(path: name)
    try file.write(bytes.span.raw)
    try file.finish()
  }

  private func contents(of name: String) throws -> [UInt8] {
    try InputFile(path: name).contents(limit: 1 << 20)
  }
}
