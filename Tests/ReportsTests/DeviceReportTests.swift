import ByteIO
import DeviceTestSupport
import EmulatedDevices
import Migration
import Reports
import StateLayout
import StateTranslation
import TestSupport
import Testing
import VFIO

@Suite struct DeviceReportTests {
  @Test func captureAndReplaySayWhatBecameOfEachDevice() throws {
    let box = StreamBox()
    let source = try device("emulated:mtty?ports=2&text=hello")
    let captured = CaptureReport(try capture([source], into: box), output: "a.dms", digests: ["d"])
    #expect(
      captured.text == """
        a.dms: 1 device, 96 bytes of state in 0 us
        device 0 (emulated:mtty): 24 bytes while it ran, 72 bytes stopped; \
        it is stopped, with its state
          RUNNING 0 us, PRE_COPY 0 us, PRE_COPY_P2P 0 us, STOP_COPY 0 us, STOP 0 us
        1 round while running; stopped because the rest fitted the downtime limit
        downtime: 0 us
        """)
    #expect(captured.json["stateBytes"] == .integer(96))
    #expect(captured.json["stopReason"] == .string("converged"))
    let target = try device("emulated:mtty?ports=2")
    let restored = ReplayReport(
      try replay(box.bytes, onto: [target]), ReplayArguments(path: "a.dms"), digests: [0: "d"])
    let lines = restored.text.split(separator: "\n")
    #expect(lines.first == "a.dms: 1 device, 96 bytes of state in 0 us")
    #expect(lines.last == "downtime: 0 us")
    guard case .array(let devices)? = restored.json["devices"] else {
      Issue.record("expected devices")
      return
    }
    #expect(devices[0]["outcome"] == .string("restored"))
    #expect(devices[0]["digest"] == .string("d"))
    #expect(restored.json["check"] == .bool(false))
  }

  @Test func aTraceIsOneLineInBothForms() {
    var record = TraceRecord(.open)
    record.time = 1_234_567_890
    record.duration = 1_500
    record.path = "/dev/\u{1b}"
    record.result = 3
    let report = TraceReport(record)
    #expect(report.text.hasPrefix("1.234567 open("))
    #expect(report.text.hasSuffix(" = 3 <0.000001>"))
    #expect(!report.text.contains("\u{1b}"))
    #expect(
      report.json.line
        == #"{"call": "open", "time": 1234567890, "duration": 1500, "path": "/dev/\u001b", "#
        + #""result": 3}"#)
  }

  @Test func aHostWithoutDevicesSaysSo() {
    let report = DevicesReport([], isProbed: true)
    #expect(report.text == "no VFIO devices: no driver of this host offers one")
    #expect(report.json.line == #"{"probed": true, "devices": []}"#)
  }
}

@Suite struct StateReportTests {
  private func tree() throws -> (bytes: [UInt8], tree: LayoutTree) {
    let bytes = try Corpus.bytes("mtty/mtty2-5.state")
    let layout = try #require(Layout.named("mtty"))
    return (bytes, layout.dissect(bytes))
  }

  @Test func dissectGivesTheSameInPiecesAsAtOnce() throws {
    let (bytes, tree) = try tree()
    let report = DissectReport(
      tree, name: "a.state",
      checksums: DissectReport.checksums(of: tree, from: StateBytes(bytes)))
    var lines: [String] = []
    report.writeText(hasOffsets: true) { lines.append($0) }
    #expect(lines[0] == "a.state: mtty, 96 bytes, sound and complete")
    #expect(lines.contains("0x000010             4    nr_ports   2"))
    var pieces: [String] = []
    report.writeJSON { pieces.append($0) }
    let text = pieces.joined()
    #expect(text.hasPrefix("{\n  \"complete\": true,\n  \"sound\": true,\n  \"byteCount\": 96,\n"))
    #expect(text.contains("\"hex\": \"0x7e9d09898c3e2c4e\""))
    #expect(text.contains("\"crc32c\": \""))
    #expect(text.hasSuffix("\n  ]\n}"))
  }

  @Test func aRefusedTranslationNamesTheWayOut() throws {
    let (bytes, layout) = (
      try Corpus.bytes("mtty/mtty1-1.state"), try #require(Layout.named("mtty"))
    )
    let target = try device("emulated:mtty?ports=2").model.facts
    let outcome = Translator(for: target).translate(bytes, from: layout, to: layout)
    let report = TranslateReport([.init(number: 3, outcome)], name: "a.dms")
    #expect(!report.isAccepted)
    #expect(
      report.text == """
        a.dms#3: mtty to mtty: refused
          refused: ports[1]: found no such port; needed a port in the state, for the target has 2; \
        --allow invent-port accepts that
        """)
    #expect(report.json["accepted"] == .bool(false))
  }

  /// The page of the documentation is what the command prints.
  @Test func theDocumentationHasTheMatrix() throws {
    let path = Corpus.root + "/Sources/EmulatedDevices/EmulatedDevices.docc/Matrix.md"
    let page = String(decoding: try Corpus.contents(path), as: UTF8.self)
    #expect(page.contains("\n```\n" + MatrixReport(try TranslationMatrix()).text + "\n```\n"))
  }

  @Test func theListHasEveryLayout() {
    let report = LayoutListReport()
    #expect(report.text.split(separator: "\n").count == Layout.shipped.count)
    guard case .array(let layouts)? = report.json["layouts"] else {
      Issue.record("expected layouts")
      return
    }
    #expect(layouts.map { $0["name"] } == Layout.shipped.map { .string($0.name) })
  }
}
