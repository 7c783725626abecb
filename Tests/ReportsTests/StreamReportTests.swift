import ByteIO
import MigrationStream
import Reports
import StateLayout
import StreamIO
import TestSupport
import Testing

@Suite struct StreamReportTests {
  private func path(_ name: String) -> String { "\(Corpus.root)/corpora/streams/\(name).dms" }

  private func inspect(_ name: String) throws -> InspectReport {
    let state = try ArchivedState(StreamArchive(try InputFile(path: path(name))))
    let previews = state.catalog.devices.map { device in
      StatePreview(prefix: [], byteCount: device.state.byteCount, driver: device.identity.driver)
    }
    return InspectReport(state.catalog, path: "a.dms", previews: previews)
  }

  @Test func inspectIsAPage() throws {
    #expect(
      try inspect("three-devices").text == """
        a.dms: migration stream 1.0, complete, its state not verified
          written   by ferry 0.1.0, at 2025-11-24T16:00:00Z
          uuid      00000000-0000-4000-8000-000000000003
          state     644.7 KiB of 3 devices, stored in 7.60 KiB (84.78:1), found by the index

        device 0: 0000:01:00.1, [1b36:0010], driver nvme
          state     644.7 KiB in 12 chunks, stored in 7.56 KiB (85.27:1)
            pre-copy  195.3 KiB in 4 chunks, 1 iteration
            stop-copy 449.3 KiB in 8 chunks
          chunks    5 fill, 7 zstd
          config    4096 bytes physical
          pasids    3 bindings in 2 domains
          digest    xxh3-128:a36bae41ee048b346c7a64c58a7c807a

        device 1: driver mtty
          state     60 bytes in 1 chunk, stored in 45 bytes (1.33:1)
            stop-copy 60 bytes in 1 chunk
          chunks    1 zstd
          digest    xxh3-128:35b992ab57189043ca93b2114cf33a5f

        device 2: empty
          state     0 bytes in 0 chunks, stored in 0 bytes (-)
          digest    xxh3-128:99aa06d3014798d86001c324468d497f
        """)
  }

  @Test func inspectSaysInJSONWhatItsPageSays() throws {
    let json = try inspect("three-devices").json
    #expect(json["verdict"] == .string("unverified"))
    #expect(json["damaged"] == .null)
    #expect(json["producer"] == .string("ferry 0.1.0"))
    #expect(json["time"] == .integer(1_764_000_000))
    guard case .array(let devices)? = json["devices"] else {
      Issue.record("expected devices")
      return
    }
    #expect(devices[0]["iterations"] == .integer(1))
    #expect(devices[0]["stopcopyBytes"] == .integer(660_124 - 200_000))
    #expect(devices[0]["encodings"] == ["fill": .integer(5), "zstd": .integer(7)])
    #expect(devices[0]["physicalConfigBytes"] == .integer(4096))
    #expect(devices[0]["pasidDomains"] == .integer(2))
    #expect(devices[1]["pasidDomains"] == .null)
    #expect(devices[1]["interruptVectors"] == .null)
  }

  @Test func salvageSaysWhatIsMissingAndWhere() throws {
    let salvage = try StreamSalvage(try InputFile(path: path("flipped-bit"))).finish()
    let report = InspectReport(salvage.catalog, path: "a.dms", salvage: salvage)
    #expect(report.text.contains("\n  damage    bytes 526 to 615 (90 bytes) of the file\n"))
    #expect(report.text.hasSuffix("\n  missing   bytes 24 to 95 (72 bytes)"))
    let damaged: JSONValue = ["offset": .integer(526), "length": .integer(90)]
    #expect(
      report.json["damage"]
        == ["ranges": [damaged], "rangeCount": .integer(1), "byteCount": .integer(90)])
    guard case .array(let devices)? = report.json["devices"] else {
      Issue.record("expected devices")
      return
    }
    #expect(devices[0]["missing"]?["byteCount"] == .integer(72))
  }

  @Test func aRecordIsALine() throws {
    let archive = try StreamArchive(try InputFile(path: path("mtty-precopy")))
    var cursor = RecordCursor(in: archive)
    var reports: [RecordReport] = []
    while let record = try cursor.next(in: archive) { reports.append(RecordReport(record)) }
    #expect(
      reports[3].text
        == "         462       3  state chunk              0           0          24          32"
        + "  raw  pre-copy, iteration 0, last of the iteration")
    #expect(
      reports[3].json.line
        == #"{"offset": 462, "record": 3, "type": "state chunk", "device": 0, "storedBytes": 32, "#
        + #""stateOffset": 0, "stateBytes": 24, "encoding": "raw", "#
        + #""context": "pre-copy, iteration 0, last of the iteration", "kept": false}"#)
    let shown = try RecordReport(reports[3].record, in: archive, hasBytes: true)
    #expect(shown.bytes?.count == 32 + 32)
    #expect(try RecordReport(reports[3].record, in: archive, hasBytes: false).bytes == nil)
    let bytes = RecordReport(reports[0].record, bytes: [UInt8]("DMS\u{0}".utf8))
    let row = "          56  44 4d 53 00" + String(repeating: " ", count: 38) + "DMS."
    #expect(bytes.text.hasSuffix("\n" + row))
  }

  @Test func verifyCountsWhatIsCopiedIntoIt() throws {
    var source = MemorySource(try Corpus.bytes("streams/three-devices.dms"))
    var report = VerifyReport(path: "a.dms")
    try source.copy(into: &report)
    report.isWhole = true
    #expect(report.text == "a.dms: whole; 3 devices, 644.7 KiB of state, every digest matches")
    #expect(report.json["rawBytes"] == .integer(660_184))
    #expect(report.json["error"] == nil)
    report.devices[1].isVerified = false
    #expect(report.text.hasSuffix("no digest that is known here for device 1"))
  }

  @Test(
    arguments: [
      ("three-devices", nil, true), ("flipped-bit", .payloadChecksum, true), ("torn", .torn, false),
    ] as [(String, StreamError.Code?, Bool)])
  func verifyReadsUpToWhatIsWrong(name: String, code: StreamError.Code?, isComplete: Bool) throws {
    var reader = StreamReader(try InputFile(path: path(name)))
    var offset: UInt64 = 0
    let report = try VerifyReport(of: &reader, path: path(name), limits: .standard) {
      #expect($0 >= offset)
      offset = $0
    }
    #expect(report.defect?.code == code)
    #expect(report.isWhole == (code == nil))
    #expect(report.isComplete == isComplete)
    #expect(report.header != nil)
    #expect(report.devices.allSatisfy(\.isVerified) == (code == nil))
  }

  @Test func aDifferenceNamesItsSidesAndItsBytes() {
    var ranges = ByteRanges()
    for start in stride(from: 0 as UInt64, to: 40, by: 2) { ranges.append(start..<start + 1) }
    let report = DiffReport([
      StreamDifference(.devices, device: nil, left: "3", right: "1\u{1b}[m"),
      StreamDifference(
        .state, device: 2, field: "bytes", left: "60 bytes", right: "60 bytes", ranges: ranges),
    ])
    let lines = report.text.split(separator: "\n")
    #expect(lines[0] == "devices: 3 | 1\\u{1b}[m")
    #expect(
      lines[1] == "device 2: state, bytes: 60 bytes | 60 bytes, of which 20 bytes differ")
    #expect(lines[2] == "  byte 0")
    #expect(lines.last == "  and 4 more ranges, 20 bytes in all")
    #expect(
      DiffReport([]).json.line == #"{"equal": true, "differences": []}"#
        && DiffReport([]).text.isEmpty)
    #expect(
      DiffReport(Array(report.differences.prefix(1))).json.line
        == #"{"equal": false, "differences": [{"subject": "devices", "left": "3", "#
        + #""right": "1\u001b[m"}]}"#)
  }
}
