import ByteIO
import Inputs
import QEMUStream
import StreamIO
import TestSupport
import Testing

#if canImport(Glibc)
  import Glibc
#endif

/// QEMU streams in libvirt save images.
@Suite struct QEMUInputTests {
  /// The head of an image, XML, and what follows.
  private static func image(
    _ format: UInt32, version: UInt32 = 2, isBig: Bool = false, xml: String = "<domain/>\0",
    _ payload: [UInt8] = []
  ) -> [UInt8] {
    let words = [version, UInt32(xml.utf8.count), 1, format, 0]
    let bytes = words.flatMap { word in
      (0..<4).map { UInt8(truncatingIfNeeded: word >> UInt32((isBig ? 3 - $0 : $0) * 8)) }
    }
    return "LibvirtQemudSave".utf8 + bytes + [UInt8](repeating: 0, count: 56) + xml.utf8 + payload
  }

  private static func write(_ bytes: [UInt8], to path: String) throws {
    var file = try OutputFile(path: path)
    try file.write(bytes.span.raw)
    try file.finish()
  }

  private static func withFolder(_ body: (String) throws -> Void) throws {
    var template = Array("/tmp/ferry-inputs-XXXXXX".utf8CString)
    let path = try #require(mkdtemp(&template).map { String(cString: $0) })
    defer {
      for name in ["image", "copy"] { unlink("\(path)/\(name)") }
      rmdir(path)
    }
    try body(path)
  }

  private static func stream(_ path: String, isReadTwice: Bool) throws -> [UInt8] {
    var reader = try QEMUInput(path, isReadTwice: isReadTwice).stream.reader()
    var buffer = ByteBuffer()
    try reader.read(into: &buffer, upTo: 1 << 22)
    return [UInt8](buffer.bytes)
  }

  /// A machine's memory in an image is mostly holes, which its copy is not to fill.
  @Test func zerosBecomeHoles() throws {
    let bytes =
      [UInt8](repeating: 7, count: 100) + [UInt8](repeating: 0, count: 2 << 20)
      + [UInt8](repeating: 9, count: 70_000) + [UInt8](repeating: 0, count: 1 << 20)
    try Self.withFolder { folder in
      try Self.write(Self.image(6, []), to: folder + "/image")
      var output = try QEMUOutput(
        folder + "/copy", like: QEMUInput(folder + "/image", isReadTwice: false))
      try output.write(bytes.span.raw.extracting(first: 50), bytes.span.raw.extracting(50..<200))
      try output.write(
        bytes.span.raw.extracting(200..<300), bytes.span.raw.extracting(300..<bytes.count))
      try output.finish()
      #expect(try Self.stream(folder + "/copy", isReadTwice: false) == bytes)
      var status = stat()
      #expect(stat(folder + "/copy", &status) == 0)
      #expect(status.st_blocks * 512 < 1 << 20)
    }
  }

  @Test(arguments: LibvirtSaveHeader.Format.allCases.filter { $0 != .lzop }, seeds(6))
  func aStreamIsReadAndWrittenInEveryFormat(
    format: LibvirtSaveHeader.Format, seed: UInt64
  ) throws {
    var random = SplitMix64(seed: seed)
    let count = [0, 1, 300, 70_000, 700_000, 1 << 20][Int(seed % 6)]
    // Half of it compresses.
    let bytes = random.bytes(count / 2) + [UInt8](repeating: 7, count: count - count / 2)
    try Self.withFolder { folder in
      try Self.write(Self.image(format.rawValue), to: folder + "/image")
      let empty = try QEMUInput(folder + "/image", isReadTwice: false)
      #expect(empty.image?.format == format)
      var output = try QEMUOutput(folder + "/copy", like: empty)
      var left = bytes[...]
      while !left.isEmpty {
        let piece = Array(left.prefix(.random(in: 1...100_000, using: &random)))
        try output.write(piece.span.raw, RawSpan())
        left = left.dropFirst(piece.count)
      }
      try output.finish()
      for isReadTwice in [false, true] {
        #expect(try Self.stream(folder + "/copy", isReadTwice: isReadTwice) == bytes)
      }
      let stored = try Corpus.contents(folder + "/copy")
      #expect(stored.prefix(102) == Self.image(format.rawValue)[...])
      // What is cut, or changed in its middle, is no answer.
      guard format != .raw, format != .sparse, count > 300 else { return }
      try Self.write(Array(stored.dropLast(9)), to: folder + "/image")
      #expect(throws: StreamIOError.self) {
        try Self.stream(folder + "/image", isReadTwice: false)
      }
      var damaged = stored
      damaged[stored.count / 2] ^= 0x55
      try Self.write(damaged, to: folder + "/image")
      #expect(throws: StreamIOError.self) {
        try Self.stream(folder + "/image", isReadTwice: false)
      }
    }
  }

  /// A stream at an offset keeps what stands before it, holes as holes.
  @Test func aStreamInALargerFileIsReadFromItsOffset() throws {
    let stream = Array("QEVM\0\0\0\u{3}".utf8) + [UInt8](repeating: 8, count: 5000)
    let before = [UInt8](repeating: 7, count: 100) + [UInt8](repeating: 0, count: 3 << 20) + [1]
    try Self.withFolder { folder in
      try Self.write(before + stream, to: folder + "/image")
      let input = try QEMUInput(folder + "/image", at: UInt64(before.count))
      #expect(input.stream.startOffset == UInt64(before.count) && input.image == nil)
      var buffer = ByteBuffer()
      var reader = input.stream.reader()
      try reader.read(into: &buffer, upTo: 1 << 22)
      #expect([UInt8](buffer.bytes) == stream)
      var output = try QEMUOutput(folder + "/copy", like: input)
      try output.write(stream.span.raw, RawSpan())
      try output.finish()
      #expect(try Corpus.contents(folder + "/copy") == before + stream)
      var status = stat()
      #expect(stat(folder + "/copy", &status) == 0)
      #expect(status.st_blocks * 512 < 1 << 20)
      for offset in [0, 1, UInt64(before.count) + 1] {
        #expect(throws: InputError.self) { _ = try QEMUInput(folder + "/image", at: offset) }
      }
      let end = UInt64(before.count + stream.count)
      for offset in [end, end + 1, UInt64(Int64.max)] {
        #expect {
          _ = try QEMUInput(folder + "/image", at: offset)
        } throws: { error in
          guard case .qemuStream(let cause)? = (error as? InputError)?.cause else { return false }
          return cause.code == .torn && cause.offset == end
        }
      }
    }
  }

  @Test func whatNoLibraryUnpacksIsNamed() throws {
    try Self.withFolder { folder in
      try Self.write(Self.image(4), to: folder + "/image")
      #expect {
        _ = try QEMUInput(folder + "/image", isReadTwice: false)
      } throws: { error in
        "\(error)".hasSuffix(
          "found data compressed by lzop; tail -c +103 \(folder)/image | lzop -dc unpacks it")
      }
    }
  }

  @Test func headsOfEitherOrderAndVersionAreRead() throws {
    for isBig in [false, true] {
      let header = try LibvirtSaveHeader(
        parsing: Self.image(3, isBig: isBig, xml: "<domain>text</domain>\0").span.raw)
      #expect(header.version == 2)
      #expect(header.format == .xz)
      #expect(header.wasRunning)
      #expect(header.streamOffset == 92 + 22)
    }
    // The first version stored no format.
    let first = try LibvirtSaveHeader(parsing: Self.image(3, version: 1).span.raw)
    #expect(first.format == .raw)
  }

  @Test(arguments: [
    (16, 9, QEMUStreamError.Code.unsupportedVersion), (20, 0, .malformed),
    (23, 0x7f, .malformed), (28, 7, .unsupported), (32, 11, .malformed),
  ])
  func headsThatLieAreRefusedAtTheirField(
    offset: Int, value: UInt8, code: QEMUStreamError.Code
  ) throws {
    var bytes = Self.image(0)
    bytes[offset] = value
    #expect {
      _ = try LibvirtSaveHeader(parsing: bytes.span.raw)
    } throws: { error in
      let error = error as? QEMUStreamError
      return error?.code == code && error.map { Int($0.offset) / 4 * 4 } == offset / 4 * 4
    }
    for count in 16..<92 {
      #expect(throws: QEMUStreamError.self) {
        _ = try LibvirtSaveHeader(parsing: Array(Self.image(0).prefix(count)).span.raw)
      }
    }
  }

  @Test func anImageThatWasNotFinishedIsIncomplete() {
    let bytes = [UInt8]("LibvirtQemudPart".utf8) + Self.image(0).dropFirst(16)
    #expect {
      _ = try LibvirtSaveHeader(parsing: bytes.span.raw)
    } throws: { error in
      "\(error)".contains("found one whose saving did not end ('LibvirtQemudPart')")
    }
  }

  // MARK: Devices

  private static let machine = Corpus.root + "/corpora/qemu/q35-mtty2.qemu"

  @Test(arguments: [nil, "0", "0000:00:01.0/vfio"])
  func aDeviceHasItsSpaceInItsRecord(name: String?) throws {
    let migration = try QEMUMigration([QEMUInput(Self.machine, isReadTwice: true).stream])
    let content = try migration.content()
    let found = try migration.space(of: name.flatMap { DeviceSelector($0) }, in: content)
    #expect(found.function == .assigned)
    #expect(found.bytes == content.catalog.vfioDevices[0].configuration?.space)
  }

  @Test(arguments: ["0000:00:1f.2", "0000:00:1f.2/ich9_ahci"])
  func aFunctionOfQEMUsHasItsSpaceInItsState(name: String) throws {
    let migration = try QEMUMigration([QEMUInput(Self.machine, isReadTwice: true).stream])
    let selector = try #require(DeviceSelector(name))
    #expect(selector.mayMeanEmulatedFunction)
    let found = try migration.space(of: selector, in: migration.content())
    #expect(found.function == .emulated)
    // Intel's 82801IR, AHCI.
    #expect(found.bytes.prefix(4) == [0x86, 0x80, 0x22, 0x29])
  }

  @Test func aDeviceThatIsNotThereIsRefused() throws {
    let migration = try QEMUMigration([QEMUInput(Self.machine, isReadTwice: true).stream])
    let content = try migration.content()
    func refusal(_ name: String) -> InputError.Cause? {
      do throws(InputError) {
        _ = try migration.space(of: DeviceSelector(name), in: content)
        return nil
      } catch {
        return error.cause
      }
    }
    for name in ["0000:00:1f.9", "0000:00:01.0/virtio"] {
      guard case .unsuitable(let expected, "no '\(name)'") = refusal(name) else {
        Issue.record("\(name): \(String(describing: refusal(name)))")
        continue
      }
      #expect(expected.hasPrefix("a VFIO device or one of the functions that QEMU emulates (0000"))
    }
    guard case .absent = refusal("7") else {
      Issue.record("\(String(describing: refusal("7")))")
      return
    }
    #expect(try content.numbers(of: nil, in: "a") == [0])
  }
}
