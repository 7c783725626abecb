import ByteIO
import MigrationStream
import StreamIO
import TestSupport
import Testing

/// Whoever reads a damaged stream says the same of it: a decoder from its start to its end, access
/// at any place, a comparison.
@Suite struct ReadersAgreeTests {
  static let streams = [
    "kept-delta", "dictionary", "dictionary-before", "mtty-precopy", "unknown-records", "raw",
  ]

  private func sample(_ name: String) throws -> [UInt8] {
    switch name {
    case "index": try Samples.small(indexed: true).encoded()
    case "no index": try Samples.small(indexed: false).encoded()
    default: try Corpus.bytes("streams/\(name).dms")
    }
  }

  /// Every byte of a stream is changed in turn.
  @Test(arguments: streams + ["index", "no index"])
  func aChangedByteIsTheSameErrorAtTheSamePlace(name: String) throws {
    var bytes = try sample(name)
    for position in bytes.indices {
      bytes[position] ^= 0x81
      #expect(try complaint(bytes) == nil, "byte \(position)")
      bytes[position] ^= 0x81
    }
  }

  /// The same under checksums that are good again, which is what a hostile writer makes.
  @Test(arguments: streams + ["index", "no index"])
  func aLieIsTheSameErrorAtTheSamePlace(name: String) throws {
    var stream = MutableStream(try sample(name))
    stream.fixesLengths = false
    for number in stream.records.indices {
      let record = stream.records[number]
      for position in 0..<28 + record.payload.count {
        if position < 28 {
          stream.records[number].header[position] ^= 0x05
        } else {
          stream.records[number].payload[position - 28] ^= 0x05
        }
        let isNumber = (4..<8).contains(position)
        #expect(
          try complaint(stream.encoded(keepsSequence: isNumber)) == nil,
          "record \(number), byte \(position)")
        stream.records[number] = record
      }
    }
  }

  @Test(arguments: streams + ["index", "no index"])
  func aTornStreamIsTheSameErrorAtTheSamePlace(name: String) throws {
    let bytes = try sample(name)
    for count in bytes.indices { #expect(try complaint([UInt8](bytes[..<count])) == nil) }
  }

  @Test func aRecordTooManyOrTooFewIsTheSameErrorAtTheSamePlace() throws {
    for name in Self.streams + ["index", "no index"] {
      let stream = MutableStream(try sample(name))
      for number in stream.records.indices {
        for keepsSequence in [true, false] {
          var other = stream
          other.records.remove(at: number)
          #expect(try complaint(other.encoded(keepsSequence: keepsSequence)) == nil)
          other.records.insert(stream.records[number], at: 0)
          #expect(try complaint(other.encoded(keepsSequence: keepsSequence)) == nil)
        }
      }
    }
  }

  /// How two readers differ over `bytes`; nil if they do not.
  private func complaint(_ bytes: [UInt8]) throws -> String? {
    let wanted = decoderDefect(bytes)
    let archive = archiveDefects(bytes)
    let compared = comparisonDefect(bytes)
    // A walk holds the index against each chunk that comes, a decoder a whole block at its end.
    let isIndexBad = archive.isIndexed && archive.defects.first?.code == .indexMismatch
    let isFound =
      wanted.map { wanted in archive.defects.contains { $0.isSame(as: wanted) } }
      ?? archive.defects.isEmpty
    if !isFound && !isIndexBad {
      return "a decoder says \(wanted as Any), the archive \(archive.defects)"
    }
    let isSame =
      compared.map { archive.defects.first?.isSame(as: $0) == true } ?? archive.defects.isEmpty
    return isSame ? nil : "a comparison says \(compared as Any), the archive \(archive.defects)"
  }

  private func decoderDefect(_ bytes: [UInt8]) -> StreamError? {
    do throws(StreamError) {
      _ = try DecodedStream(bytes)
      return nil
    } catch {
      return error
    }
  }

  private func archiveDefects(_ bytes: [UInt8]) -> (defects: [StreamError], isIndexed: Bool) {
    var defects: [StreamError] = []
    do throws(StreamIOError) {
      let archive = try StreamArchive(MemoryInput(bytes))
      let isIndexed = archive.origin == .index
      let state = try ArchivedState(archive)
      if let defect = state.catalog.defect { defects.append(defect) }
      for device in state.catalog.devices.indices {
        do throws(StreamIOError) {
          try state.forEachChunk(of: UInt16(device)) { (_, _) throws(StreamIOError) in }
          if state.catalog.defect == nil { try state.verify(device: UInt16(device)) }
        } catch {
          if case .stream(let defect) = error.cause { defects.append(defect) }
        }
      }
      return (defects, isIndexed)
    } catch {
      if case .stream(let defect) = error.cause { defects.append(defect) }
      return (defects, false)
    }
  }

  private func comparisonDefect(_ bytes: [UInt8]) -> StreamError? {
    do throws(StreamIOError) {
      let comparison = StreamComparison(
        try StreamArchive(MemoryInput(bytes)),
        try StreamArchive(MemoryInput(bytes)))
      _ = try comparison.differences()
      return nil
    } catch {
      if case .stream(let defect) = error.cause { return defect }
      return nil
    }
  }
}

extension StreamError {
  fileprivate func isSame(as other: StreamError) -> Bool {
    code == other.code && offset == other.offset && record == other.record
      && device == other.device
  }
}
