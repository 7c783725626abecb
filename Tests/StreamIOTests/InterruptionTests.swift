import ByteIO
import Glibc
import StreamIO
import Synchronization
import SystemPackage
import Testing

private let signalCount = Atomic<Int>(0)
private let isReadDone = Atomic<Bool>(false)

/// What signals do to calls that wait. Each test has a process of its own: signal handlers and the
/// request to give up are of the whole process.
@Suite struct InterruptionTests {
  /// Has `handler` called for SIGUSR1, without SA_RESTART.
  private static func handle(_ handler: @convention(c) (CInt) -> Void) {
    var action = sigaction()
    action.__sigaction_handler.sa_handler = handler
    sigaction(SIGUSR1, &action, nil)
  }

  @Test func aSignalDoesNotEndARead() async {
    await #expect(processExitsWith: .success) {
      InterruptionTests.handle { _ in signalCount.add(1, ordering: .relaxed) }
      var ends: [CInt] = [0, 0]
      try #require(pipe(&ends) == 0)
      let (reader, writeEnd) = (pthread_self(), FileDescriptor(rawValue: ends[1]))
      let writer = try #require(
        WritingThread {
          for byte in 0..<20 as Range<UInt8> {
            usleep(1000)
            pthread_kill(reader, SIGUSR1)
            _ = try? writeEnd.writeAll([byte])
          }
          try? writeEnd.close()
        })
      let input = try InputFile(descriptor: FileDescriptor(rawValue: ends[0]), name: "pipe")
      let bytes = try input.contents(limit: 100)
      try #require(bytes == [UInt8](0..<20))
      writer.join()
      try #require(signalCount.load(ordering: .relaxed) > 0)
    }
  }

  @Test func whatWaitsGivesUpOnceThatIsRequested() async {
    await #expect(processExitsWith: .success) {
      InterruptionTests.handle { _ in Interruption.request() }
      try #require(!Interruption.isRequested)
      var ends: [CInt] = [0, 0]
      try #require(pipe(&ends) == 0)
      let (reader, readEnd) = (pthread_self(), FileDescriptor(rawValue: ends[0]))
      // A signal that comes before the call waits is not seen by it: the next one is.
      let sender = try #require(
        WritingThread {
          for _ in 0..<1000 where !isReadDone.load(ordering: .relaxed) {
            usleep(1000)
            pthread_kill(reader, SIGUSR1)
          }
        })
      let error = #expect(throws: StreamIOError.self) {
        try InputFile(descriptor: readEnd, name: "pipe").contents(limit: 100)
      }
      isReadDone.store(true, ordering: .relaxed)
      sender.join()
      try #require(error?.cause == .system(.interrupted, attempting: "read"))
      var link = SimulatedLink(
        to: MemoryOutput(), bytesPerSecond: 1 << 20, clock: SteppingClock())
      let bytes = [UInt8](repeating: 1, count: 5 << 20)
      do throws(StreamIOError) {
        try link.write(bytes.span.raw, RawSpan())
        Issue.record("a link that was interrupted goes on")
      } catch {
        try #require(error.cause == .system(.interrupted, attempting: "write"))
      }
    }
  }
}
