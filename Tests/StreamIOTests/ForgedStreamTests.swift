import ByteIO
import Glibc
import MigrationStream
import StreamIO
import TestSupport
import Testing

/// Streams that `tools/dms-writer.py` forged by seed, sound ones and ones with a fault under right
/// checksums: every reader ends with each as the writer says.
@Suite struct ForgedStreamTests {
  private static let path = getenv("FERRY_FORGED").map { String(cString: $0) }

  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  /// A forged stream, the exit status of a reader of all of it, and the fault.
  private struct Forged {
    let bytes: [UInt8]
    let status: Int
    let fault: String
  }

  /// The streams of the file, which has each behind its length, status, and the fault's name.
  private static func streams() throws -> [Forged] {
    var rest = try Corpus.contents(#require(path))[...]
    var streams: [Forged] = []
    while !rest.isEmpty {
      let head = [UInt8](rest.prefix(6))
      let count = Int(head.span.raw.little(UInt32.self, at: 0))
      let name = rest.dropFirst(6).prefix(Int(head[5]))
      rest = rest.dropFirst(6 + name.count)
      streams.append(
        Forged(
          bytes: [UInt8](rest.prefix(count)), status: Int(head[4]),
          fault: String(decoding: name, as: UTF8.self)))
      rest = rest.dropFirst(count)
    }
    return streams
  }

  /// The exit status that an error means.
  private static func status(_ code: StreamError.Code) -> Int {
    let isNo: [StreamError.Code] = [
      .unsupportedVersion, .unsupportedFeature, .unknownMandatoryRecord, .unknownMandatoryField,
      .unwilling,
    ]
    return isNo.contains(code) ? 1 : 3
  }

  /// The status that reading ends with.
  private func status(_ read: () throws -> Void) throws -> Int {
    do {
      try read()
      return 0
    } catch let error as StreamError {
      return Self.status(error.code)
    } catch let error as StreamIOError {
      return Self.status(try #require(error.streamCode, "\(error)"))
    }
  }

  private func decode(_ bytes: [UInt8], step: Int) throws {
    var decoder = StreamDecoder()
    var start = 0
    while start < bytes.count {
      let end = min(start + step, bytes.count)
      let piece = [UInt8](bytes[start..<end])
      var input = piece.span.raw
      while let record = try decoder.next(&input) {
        if case .chunk = record { _ = try decoder.chunkBytes() }
      }
      start = end
    }
    try decoder.finish()
  }

  private func read(_ path: String, threads: Int) throws {
    var reader = StreamReader(
      try InputFile(path: path), threads: try #require(ThreadCount(threads)))
    while let record = try reader.next() {
      if case .chunk = record { _ = try reader.chunkBytes() }
    }
  }

  @Test(.enabled(if: path != nil, "FERRY_FORGED names no file of forged streams"))
  func everyReaderEndsAsTheWriterSays() throws {
    let streams = try Self.streams()
    #expect(!streams.isEmpty)
    for (number, forged) in streams.enumerated() {
      let name = "\(number), \(forged.fault)"
      #expect(try status { try decode(forged.bytes, step: .max / 2) } == forged.status, "\(name)")
      let path = try folder.write(forged.bytes)
      // One of the others, in turn, for each.
      switch number % 5 {
      case 0:
        #expect(try status { try decode(forged.bytes, step: 37) } == forged.status, "\(name)")
      case 1:
        let threads = number % 2 == 0 ? 3 : 1
        #expect(try status { try read(path, threads: threads) } == forged.status, "\(name)")
      case 2:
        let found = try status {
          try ArchivedState(StreamArchive(InputFile(path: path))).verify()
        }
        // A walk may meet another of several errors first.
        #expect((found == 0) == (forged.status == 0), "\(name)")
      case 3:
        let found = try status {
          let comparison = StreamComparison(
            try StreamArchive(InputFile(path: path)), try StreamArchive(InputFile(path: path)))
          #expect(try comparison.differences(phases: true).isEmpty, "\(name)")
        }
        #expect((found == 0) == (forged.status == 0), "\(name)")
      default: try checkSalvage(path, forged.status, name)
      }
    }
  }

  private func checkSalvage(_ path: String, _ expected: Int, _ name: String) throws {
    var isWhole = false
    let found = try status {
      var salvage = try StreamSalvage(try InputFile(path: path))
      while try salvage.next() != nil {}
      isWhole = salvage.report.isWhole
      #expect(isWhole == (salvage.report.condition == .whole), "\(name)")
    }
    #expect(isWhole == (expected == 0), "\(name)")
    // Of a stream that has no head or is of another version, salvage says so.
    #expect(found == 0 || expected != 0, "\(name)")
  }
}
