import ByteIO
import Glibc
import Inputs
import MigrationStream
import StreamIO
import TestSupport
import Testing

/// A device's parts taken out of streams.
@Suite struct PartFilesTests {
  private let folder: String

  init() throws {
    var template = Array("/tmp/ferry-parts-XXXXXX".utf8CString)
    folder = try #require(mkdtemp(&template).map { String(cString: $0) })
  }

  private func input(_ name: String) throws -> InputFile {
    try InputFile(path: "\(Corpus.root)/corpora/streams/\(name).dms")
  }

  private func files(_ device: String, config: Bool = false) throws -> PartFiles {
    try PartFiles(
      of: #require(DeviceSelector(device)), in: "a.dms",
      to: PartFiles.Paths(
        state: "\(folder)/state", configuration: config ? "\(folder)/config" : nil, pasids: nil,
        pasidText: { _ in "" }))
  }

  /// What is in the files, which are gone then.
  private func written() throws -> [[UInt8]?] {
    defer { rmdir(folder) }
    return try ["state", "config"].map { name in
      let path = "\(folder)/\(name)"
      guard access(path, F_OK) == 0 else { return nil }
      defer { unlink(path) }
      return try InputFile(path: path).contents(limit: 1 << 20)
    }
  }

  private func state(_ name: String, _ device: String) throws -> [UInt8] {
    try StateInput("\(Corpus.root)/corpora/streams/\(name).dms#\(device)").bytes(limit: 1 << 20)
  }

  @Test(arguments: ["0", "1", "2"])
  func aDeviceOfAWholeStreamComesOut(device: String) throws {
    var files = try files(device)
    var reader = StreamReader(try input("three-devices"))
    try reader.copy(into: &files)
    try files.finish()
    #expect(try written() == [state("three-devices", device), nil])
  }

  /// Of a stream without damage salvage gives the same.
  @Test(arguments: ["0", "1", "2"])
  func salvageOfAWholeStreamGivesAll(device: String) throws {
    let found = try files(device, config: true).finish(
      salvaging: StreamSalvage(input("three-devices")))
    #expect("\(found.number)" == device)
    #expect(found.report.isWhole(device: found.number))
    #expect(found.missingParts == (device == "0" ? [] : ["configuration space"]))
    let parts = try written()
    #expect(try parts[0] == state("three-devices", device))
    #expect(parts[1]?.count == (device == "0" ? 4096 : nil))
  }

  @Test func whatIsMissingBecomesZeros() throws {
    let whole = try state("mtty-precopy", "0")
    let found = try files("0").finish(salvaging: StreamSalvage(input("flipped-bit")))
    #expect(!found.report.isWhole(device: 0))
    #expect(found.report.losses[0].missing.byteCount == 72)
    let zeros = [UInt8](repeating: 0, count: 72)
    #expect(try written()[0] == Array(whole[..<24]) + zeros)
  }

  @Test func aDeviceThatIsNotThereIsRefusedAndLeavesNoFile() throws {
    #expect(throws: InputError.self) {
      _ = try files("9").finish(salvaging: StreamSalvage(input("three-devices")))
    }
    #expect(try written() == [nil, nil])
  }
}
