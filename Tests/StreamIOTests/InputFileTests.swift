import ByteIO
import Glibc
import StreamIO
import SystemPackage
import TestSupport
import Testing

@Suite struct InputFileTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  @Test func whatCannotBeReadIsAnError() throws {
    var error = #expect(throws: StreamIOError.self) { try InputFile(path: folder["none"]).name }
    #expect(error?.cause == .system(.noSuchFileOrDirectory, attempting: "open"))
    #expect(error?.path == folder["none"])
    error = #expect(throws: StreamIOError.self) { try InputFile(path: folder.path).name }
    #expect(error?.cause == .system(.isDirectory, attempting: "read"))
  }

  @Test func aFileHasASizeAndIsReadAnywhere() throws {
    let bytes = (0..<1000).map { UInt8(truncatingIfNeeded: $0) }
    let file = try InputFile(path: folder.write(bytes))
    #expect(file.byteCount == 1000)
    var buffer = ByteBuffer()
    try file.read(into: &buffer, at: 990, count: 20)
    #expect([UInt8](buffer.bytes) == [UInt8](bytes[990...]))
    try file.read(into: &buffer, at: 5000, count: 20)
    #expect(buffer.count == 0)
    // Reads at an offset leave the place of the others alone.
    #expect(try file.contents(limit: 1000) == bytes)
  }

  @Test func contentsAreBounded() throws {
    for count in [0, 1, 4095, 4096, 16384, 16385, 100_000] {
      let path = try folder.write([UInt8](repeating: 1, count: count))
      #expect(try InputFile(path: path).contents(limit: count).count == count)
      guard count > 0 else { continue }
      let error = #expect(throws: StreamIOError.self) {
        try InputFile(path: path).contents(limit: count - 1)
      }
      #expect(error?.description == "\(path): expected at most \(count - 1) bytes, found more")
    }
  }

  /// A pipe's content can be read at any offset once it was copied.
  @Test(arguments: [0, 1, 3000, 65536]) func aPipeBecomesSeekable(count: Int) throws {
    var random = SplitMix64(seed: UInt64(count))
    let bytes = random.bytes(count)
    mkfifo(folder["pipe"], 0o600)
    // Opened for both, so that neither end waits for the other; what fits into a pipe is written at
    // once.
    let both = open(folder["pipe"], O_RDWR)
    if count > 0 { #expect(write(both, bytes, count) == count) }
    let input = try InputFile(path: folder["pipe"])
    close(both)
    #expect(input.byteCount == nil)
    let copy = try input.seekable()
    #expect(copy.byteCount == UInt64(count))
    #expect(copy.name == folder["pipe"])
    var buffer = ByteBuffer()
    try copy.read(into: &buffer, at: UInt64(count / 2), count: count)
    #expect([UInt8](buffer.bytes) == [UInt8](bytes[(count / 2)...]))
    #expect(try copy.contents(limit: count) == bytes)
  }

  @Test func aFileIsSeekableAsItIs() throws {
    let input = try InputFile(path: folder.write([1, 2, 3]))
    #expect(try input.seekable().byteCount == 3)
  }

  @Test func anArchiveNeedsAFile() throws {
    mkfifo(folder["pipe"], 0o600)
    let both = open(folder["pipe"], O_RDWR)
    defer { close(both) }
    let error = #expect(throws: StreamIOError.self) {
      try StreamArchive(InputFile(path: folder["pipe"])).byteCount
    }
    guard case .content = error?.cause else {
      Issue.record("\(String(describing: error))")
      return
    }
  }
}
