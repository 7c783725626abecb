import Handover
import Migration
import MigrationStream
import TestSupport
import Testing

@Suite struct MessageTests {
  private static func text(_ random: inout SplitMix64) -> String {
    String(
      (0..<Int.random(in: 0...12, using: &random)).map { _ in
        "aé☃\u{0}\t\u{202e}".randomElement(using: &random) ?? "a"
      })
  }

  private static func message(_ random: inout SplitMix64) -> HandoverMessage {
    switch Int.random(in: 0..<12, using: &random) {
    case 0:
      var hello = HandoverMessage.Hello(
        StreamUUID(bytes: (0..<16).map { _ in UInt8.random(in: 0...255, using: &random) })!,
        purpose: [nil, .handover, .check, .resolve, .channel].randomElement(using: &random) ?? nil)
      let lowest = UInt16.random(in: 0...9, using: &random)
      hello.versions = lowest...(lowest + UInt16.random(in: 0...3, using: &random))
      hello.windowByteCount =
        Bool.random(using: &random) ? .random(in: 0 ... .max, using: &random) : nil
      hello.producer = Bool.random(using: &random) ? text(&random) : nil
      hello.patience = .random(in: 0 ... .max, using: &random)
      hello.channelCount = .random(in: 1...16, using: &random)
      hello.channel = .random(in: 0 ... .max, using: &random)
      hello.secret = Bool.random(using: &random) ? .random() : nil
      hello.receivedByteCount =
        Bool.random(using: &random) ? .random(in: 0 ... .max, using: &random) : nil
      return .hello(hello)
    case 1: return .introduced(byteCount: .random(in: 0 ... .max, using: &random))
    case 2:
      var report = CompatibilityReport()
      for _ in 0..<Int.random(in: 0...3, using: &random) {
        report.findings.append(
          CompatibilityReport.Finding(
            [.incompatible, .unknown, .unchecked, .note].randomElement(using: &random) ?? .note,
            device: .random(in: 0 ... .max, using: &random), text(&random), wanted: text(&random),
            found: text(&random), side: Bool.random(using: &random) ? .target : .stream))
      }
      return .report(report, permits: .random(using: &random))
    case 3: return .end(byteCount: .random(in: 0 ... .max, using: &random))
    case 4: return .prepared
    case 5: return .commit
    case 6:
      return .running(
        (0..<Int.random(in: 0...3, using: &random)).map { _ in
          HandoverMessage.DeviceLine(
            number: .random(in: 0 ... .max, using: &random), name: text(&random),
            outcome: text(&random))
        })
    case 7:
      return .failed(
        PeerFailure(
          text(&random),
          outcomes: (0..<Int.random(in: 0...3, using: &random)).map { _ in text(&random) }))
    case 8: return .abort(text(&random))
    case 9: return .resolution(TargetDecision.allCases.randomElement(using: &random))
    case 10: return .received(byteCount: .random(in: 0 ... .max, using: &random))
    default: return .settled
    }
  }

  @Test(arguments: seeds(64))
  func whatIsWrittenIsRead(seed: UInt64) throws {
    var random = SplitMix64(seed: seed)
    for _ in 0..<50 {
      let message = Self.message(&random)
      let bytes = message.bytes
      #expect(try HandoverMessage(parsing: bytes) == message)
      // A message that is cut within a field is none; between two it may be another.
      for count in 0..<bytes.count {
        _ = try? HandoverMessage(parsing: Array(bytes.prefix(count)))
      }
      // Fields of a later version are passed over, unless they must be known.
      #expect(
        try HandoverMessage(parsing: bytes + [0x70, 0, 0, 0, 1, 0, 0, 0, 9]) == message)
      #expect(throws: HandoverError.Cause.self) {
        try HandoverMessage(parsing: bytes + [0x70, 0x80, 0, 0, 0, 0, 0, 0])
      }
    }
  }

  @Test func wordsStandInOneLine() throws {
    let bytes = HandoverMessage.abort("a\r\nb\u{2028}c\n").bytes
    #expect(try HandoverMessage(parsing: bytes) == .abort("a b c "))
  }

  @Test func aSeverityThatIsNotKnownIsANo() throws {
    var report = CompatibilityReport()
    report.findings = [
      CompatibilityReport.Finding(.note, device: 0, "x", wanted: "a", found: "b")
    ]
    var bytes = HandoverMessage.report(report, permits: true).bytes
    let note = Array("note".utf8)
    let place = try #require(
      bytes.indices.first { bytes[$0...].starts(with: note) })
    bytes.replaceSubrange(place..<place + 4, with: Array("curs".utf8))
    guard case .report(let read, _) = try HandoverMessage(parsing: bytes) else {
      Issue.record("expected a report")
      return
    }
    #expect(read.verdict == .cannot)
  }
}
