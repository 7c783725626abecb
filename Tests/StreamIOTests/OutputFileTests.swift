import ByteIO
import Glibc
import StreamIO
import SystemPackage
import Testing

@Suite struct OutputFileTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func contents(_ name: String) throws -> String {
    String(decoding: try InputFile(path: folder[name]).contents(limit: 1000), as: UTF8.self)
  }

  private func put(_ text: String, at path: String) throws {
    var file = try OutputFile(path: path)
    try file.write(Array(text.utf8).span.raw)
    try file.finish()
  }

  private func mode(_ name: String) -> mode_t {
    var status = stat()
    return stat(folder[name], &status) == 0 ? status.st_mode & 0o7777 : 0
  }

  @Test func nothingIsThereBeforeTheCommit() throws {
    var file = try OutputFile(path: folder["new"])
    try file.write([1, 2, 3].span.raw, [4].span.raw)
    #expect(folder.names.isEmpty)
    try file.finish()
    #expect(folder.names == ["new"])
    #expect(try InputFile(path: folder["new"]).contents(limit: 10) == [1, 2, 3, 4])
  }

  @Test func givingUpLeavesNothing() throws {
    try folder.write(Array("old".utf8), to: "there")
    for name in ["there", "new"] {
      let file = try OutputFile(path: folder[name])
      try file.write(Array("half".utf8).span.raw)
    }
    #expect(folder.names == ["there"])
    #expect(try contents("there") == "old")
  }

  @Test func anExistingFileIsReplacedWithItsMode() throws {
    try folder.write(Array("old and longer".utf8), to: "there")
    chmod(folder["there"], 0o640)
    let reader = try InputFile(path: folder["there"])
    var file = try OutputFile(path: folder["there"])
    try file.write(Array("new".utf8).span.raw)
    #expect(try contents("there") == "old and longer")
    try file.finish()
    #expect(try contents("there") == "new")
    #expect(mode("there") == 0o640)
    #expect(folder.names == ["there"])
    // Whoever has the old file open keeps it.
    #expect(try reader.contents(limit: 100) == Array("old and longer".utf8))
  }

  @Test func aNewFileHasTheModeThatTheUmaskLeaves() throws {
    let mask = umask(0)
    umask(mask)
    try put("new", at: folder["new"])
    #expect(mode("new") == 0o666 & ~mask)
  }

  @Test func aSymbolicLinkStays() throws {
    try folder.write(Array("old".utf8), to: "target")
    symlink("target", folder["link"])
    try put("new", at: folder["link"])
    #expect(try contents("target") == "new")
    var status = stat()
    #expect(lstat(folder["link"], &status) == 0 && status.st_mode & S_IFMT == S_IFLNK)
    #expect(folder.names == ["link", "target"])
  }

  @Test func aSymbolicLinkToNothingIsFollowed() throws {
    symlink("second", folder["first"])
    symlink(folder["target"], folder["second"])
    try put("new", at: folder["first"])
    #expect(try contents("target") == "new")
    #expect(folder.names == ["first", "second", "target"])
    symlink("loop", folder["loop"])
    #expect(throws: StreamIOError.self) { try put("x", at: folder["loop"]) }
  }

  @Test func aFolderIsRefused() throws {
    for path in [folder.path, folder.path + "/", "/", "."] {
      let error = #expect(throws: StreamIOError.self) { _ = try OutputFile(path: path) }
      #expect(error?.cause == .system(.isDirectory, attempting: "write"))
    }
    #expect(throws: StreamIOError.self) { try put("x", at: "") }
    #expect(throws: StreamIOError.self) { try put("x", at: folder["none"] + "/x") }
    #expect(folder.names.isEmpty)
  }

  @Test func aFullDeviceIsAnError() throws {
    let file = try OutputFile(path: "/dev/full")
    let error = #expect(throws: StreamIOError.self) { try file.write([1].span.raw) }
    #expect(error?.cause == .system(.noSpace, attempting: "write"))
    #expect(error?.path == "/dev/full")
  }

  @Test func aNameOfTheGreatestLengthIsWritten() throws {
    let name = String(repeating: "x", count: 255)
    try put("long", at: folder[name])
    #expect(try contents(name) == "long")
    #expect(throws: StreamIOError.self) { try put("long", at: folder[name + "x"]) }
    #expect(folder.names == [name])
  }

  @Test func writersOfOneNameDoNotMeet() throws {
    var first = try OutputFile(path: folder["one"])
    var second = try OutputFile(path: folder["one"])
    try finish(&second, &first)
  }

  /// Each that is finished has the name then, and nothing else is left.
  private func finish(_ second: inout OutputFile, _ first: inout OutputFile) throws {
    try first.write(Array("first".utf8).span.raw)
    try second.write(Array("second".utf8).span.raw)
    try second.finish()
    #expect(try contents("one") == "second")
    try first.finish()
    #expect(try contents("one") == "first")
    #expect(folder.names == ["one"])
  }

  /// On a file system without files that have no name, each writer has a temporary one of its own.
  @Test func writersWithTemporaryNamesDoNotMeet() throws {
    var first = try OutputFile(namedOnItsWayTo: folder["one"])
    var second = try OutputFile(namedOnItsWayTo: folder["one"])
    #expect(folder.names.count == 2)
    // One with no name until it is finished passes by those that are taken.
    try put("third", at: folder["one"])
    try finish(&second, &first)
    _ = try OutputFile(namedOnItsWayTo: folder["one"])
    #expect(folder.names == ["one"])
  }

  /// What a killed program left goes with the next that writes there; what is locked stays.
  @Test(arguments: [false, true]) func whatWasLeftIsRemovedUnlessItIsLocked(isNamed: Bool) throws {
    func put() throws {
      var file =
        try isNamed
        ? OutputFile(namedOnItsWayTo: folder["one"]) : OutputFile(path: folder["one"])
      try file.finish()
    }
    let names = [".one.ferry-0.tmp", ".one.ferry-1.tmp"]
    for name in names { try folder.write([1], to: name) }
    try put()
    #expect(folder.names == ["one"])
    for name in names { try folder.write([1], to: name) }
    let owner = try FileDescriptor.open(folder[names[0]], .readOnly)
    #expect(flock(owner.rawValue, LOCK_EX) == 0)
    try put()
    #expect(folder.names == [names[0], "one"])
    try owner.close()
    try put()
    #expect(folder.names == ["one"])
    // Not of another output, and no link.
    try folder.write([1], to: ".two.ferry-0.tmp")
    symlink("one", folder[names[0]])
    try put()
    #expect(folder.names == [names[0], ".two.ferry-0.tmp", "one"])
  }

  @Test func twoPathsToOneFileAreTold() throws {
    try folder.write([1], to: "there")
    symlink("there", folder["link"])
    symlink("new", folder["dangling"])
    link(folder["there"], folder["hard"])
    let there = try #require(OutputIdentity(path: folder["there"]))
    let parent = folder.path.split(separator: "/").last ?? ""
    for name in ["link", "hard", "./there", "../\(parent)/there"] {
      #expect(OutputIdentity(path: folder[name]) == there, "\(name)")
    }
    let new = try #require(OutputIdentity(path: folder["new"]))
    #expect(new == OutputIdentity(path: folder["dangling"]) && new != there)
    #expect(new != OutputIdentity(path: folder["newer"]))
    #expect(OutputIdentity(path: "/dev/null") == nil)
    #expect(OutputIdentity(path: folder["none"] + "/new") == nil)
  }

  /// The names that the system has for descriptors of this process.
  @Test func aDescriptorIsWrittenWhereItIs() throws {
    try folder.write(Array("old".utf8), to: "there")
    let descriptor = try FileDescriptor.open(folder["there"], .writeOnly, options: .append)
    for folder in ["/dev/fd", "/proc/self/fd", "/proc/\(getpid())/fd"] {
      try put("new", at: "\(folder)/\(descriptor.rawValue)")
    }
    #expect(try contents("there") == "oldnewnewnew")
    #expect(folder.names == ["there"])
    unlink(folder["there"])
    try put("new", at: "/dev/fd/\(descriptor.rawValue)")
    #expect(folder.names.isEmpty)
    try descriptor.close()
  }

  /// Room that is kept ahead of what is written is not the finished file's.
  @Test(arguments: [0, 3 << 20] as [UInt64]) func noRoomIsLeftBehindTheEnd(hole: UInt64) throws {
    var file = try OutputFile(path: folder["long"])
    let piece = [UInt8](repeating: 1, count: 1 << 20)
    for _ in 0..<5 { try file.write(piece.span.raw, [2].span.raw) }
    if hole > 0 { try file.skip(hole) }
    try file.write([3].span.raw)
    try file.finish()
    var status = stat()
    #expect(stat(folder["long"], &status) == 0)
    let written = 5 * (piece.count + 1) + 1
    #expect(status.st_size == written + Int(hole))
    // In units of 512 bytes, whatever the file system counts in units of a page or some.
    #expect(status.st_blocks * 512 < written + (128 << 10))
    let contents = try InputFile(path: folder["long"]).contents(limit: 1 << 24)
    #expect(contents.count { $0 == 1 } == 5 << 20 && contents.count { $0 == 2 } == 5)
    #expect(contents.last == 3)
  }
}
