public import Migration
public import MigrationStream

/// What peers tell each other besides the bytes of streams; the specification is the page
/// Protocol.
public enum HandoverMessage: Sendable, Hashable {
  /// The first message of either side.
  case hello(Hello)
  /// Source: the devices were introduced by a stream of so many bytes.
  case introduced(byteCount: UInt64)
  /// Target: whether its devices can take what was introduced, and goes on.
  case report(CompatibilityReport, permits: Bool)
  /// Source: the stream with the state had so many bytes.
  case end(byteCount: UInt64)
  /// Target: everything came, was verified and is loaded; its devices wait for the word to run.
  case prepared
  /// Source: its devices stay stopped; those of the target may run.
  case commit
  /// Target: its devices run.
  case running([DeviceLine])
  /// Target: its devices do not run and will not, for a reason.
  case failed(PeerFailure)
  /// Source: it wants no more of it, for a reason, and has not committed.
  case abort(String)
  /// Target: what its journal says of the handover that hello named.
  case resolution(TargetDecision?)
  /// Source: it knows how it ended.
  case settled
  /// Target: so many bytes of the channel's stream have come, and are intact.
  case received(byteCount: UInt64)

  /// The version of the protocol that this module speaks.
  public static let version: UInt16 = 1

  /// Who somebody is and what they are willing to do.
  public struct Hello: Sendable, Hashable {
    /// What a connection is for.
    public enum Purpose: UInt8, Sendable, Hashable {
      /// To hand devices over.
      case handover = 1
      /// To ask whether they could be.
      case check = 2
      /// To ask how a handover ended whose connection was lost.
      case resolve = 3
      /// To be a channel of a handover that is under way.
      case channel = 4
    }

    /// The lowest and the highest version that is spoken.
    public var versions: ClosedRange<UInt16> = version...version
    /// Which handover it is.
    public var handover: StreamUUID
    /// Source: what the connection is for.
    public var purpose: Purpose?
    /// Target: the memory for chunks that refer to earlier ones, in bytes, that it is willing to
    /// give.
    public var windowByteCount: UInt64?
    /// The program, with its version.
    public var producer: String?
    /// How long its silence means that it is alive, in milliseconds.
    public var patience: UInt32 = 30_000
    /// The channels of the stream with the state: so many the source asks for, and the target takes
    /// no more.
    public var channelCount: UInt16 = 1
    /// Source: which channel the connection is to be.
    public var channel: UInt16 = 0
    /// Source: what tells its further connections from those of others.
    public var secret: HandoverSecret?
    /// Target: the bytes of the channel's stream that it has; only to who is taken as a channel.
    public var receivedByteCount: UInt64?
    /// Source: the bytes of each channel's stream that it keeps, to send them again over another
    /// connection; 0 if it ends with the first that is lost.
    public var keptByteCount: UInt64 = 0

    /// Somebody who speaks this version.
    public init(_ handover: StreamUUID, purpose: Purpose? = nil) {
      self.handover = handover
      self.purpose = purpose
    }
  }

  /// A device of the target, and how it is.
  public struct DeviceLine: Sendable, Hashable {
    /// The number of the stream's device.
    public var number: UInt16
    /// The name that the target's operator gave it.
    public var name: String
    /// How it is, in words.
    public var outcome: String

    /// A device that is as the words say.
    public init(number: UInt16, name: String, outcome: String) {
      self.number = number
      self.name = name
      self.outcome = outcome
    }
  }
}

extension HandoverMessage {
  private var type: UInt16 {
    switch self {
    case .hello: 1
    case .introduced: 2
    case .report: 3
    case .end: 4
    case .prepared: 5
    case .commit: 6
    case .running: 7
    case .failed: 8
    case .abort: 9
    case .resolution: 10
    case .settled: 11
    case .received: 12
    }
  }

  /// The message as the payload of a frame.
  public var bytes: [UInt8] {
    var fields = FieldWriter(message: type)
    switch self {
    case .hello(let hello): hello.write(to: &fields)
    case .introduced(let count), .end(let count), .received(let count): fields.add(1, count)
    case .report(let report, let permits):
      fields.add(1, (permits ? 1 : 0) as UInt8)
      for finding in report.findings { fields.add(2, finding.bytes) }
    case .running(let devices):
      for device in devices { fields.add(1, device.bytes) }
    case .failed(let failure):
      fields.add(1, failure.text)
      if failure.isRefusal { fields.add(3, 1 as UInt8) }
      for outcome in failure.outcomes { fields.add(2, outcome) }
    case .abort(let text): fields.add(1, text)
    case .resolution(let decision): fields.add(1, decision?.code ?? 0)
    case .prepared, .commit, .settled: break
    }
    return fields.bytes
  }

  /// The message in the payload of a frame; throws `malformed` for what is none.
  public init(parsing bytes: [UInt8]) throws(HandoverError.Cause) {
    var fields = FieldReader(bytes)
    switch try fields.type() {
    case 1: self = .hello(try Hello(parsing: &fields))
    case 2: self = .introduced(byteCount: try Self.count(&fields))
    case 3: self = try Self.report(&fields)
    case 4: self = .end(byteCount: try Self.count(&fields))
    case 5: self = try Self.alone(.prepared, &fields)
    case 6: self = try Self.alone(.commit, &fields)
    case 7: self = try Self.running(&fields)
    case 8: self = try Self.failed(&fields)
    case 9: self = try Self.abort(&fields)
    case 10: self = try Self.resolution(&fields)
    case 11: self = try Self.alone(.settled, &fields)
    case 12: self = .received(byteCount: try Self.count(&fields))
    case let type: throw .malformed("expected a message of the types 1 to 12, found \(type)")
    }
  }

  private static func alone(
    _ message: Self, _ fields: inout FieldReader
  ) throws(HandoverError.Cause) -> Self {
    while let field = try fields.next() { try field.passOver() }
    return message
  }

  private static func count(_ fields: inout FieldReader) throws(HandoverError.Cause) -> UInt64 {
    var count: UInt64?
    while let field = try fields.next() {
      switch field.tag {
      case 1: count = try field.integer(UInt64.self)
      default: try field.passOver()
      }
    }
    guard let count else { throw .malformed("expected a number of bytes, found none") }
    return count
  }

  // More than any devices have.
  private static let findingLimit = 4096

  private static func report(_ fields: inout FieldReader) throws(HandoverError.Cause) -> Self {
    var report = CompatibilityReport()
    var permits = false
    while let field = try fields.next() {
      switch field.tag {
      case 1: permits = try field.bool()
      case 2:
        guard report.findings.count < findingLimit else {
          throw .malformed("expected at most \(findingLimit) findings, found more")
        }
        report.findings.append(try CompatibilityReport.Finding(parsing: field.value))
      default: try field.passOver()
      }
    }
    return .report(report, permits: permits)
  }

  private static func running(_ fields: inout FieldReader) throws(HandoverError.Cause) -> Self {
    var devices: [DeviceLine] = []
    while let field = try fields.next() {
      switch field.tag {
      case 1: devices.append(try DeviceLine(parsing: field.value))
      default: try field.passOver()
      }
    }
    return .running(devices)
  }

  private static func failed(_ fields: inout FieldReader) throws(HandoverError.Cause) -> Self {
    var failure = PeerFailure("it gave no reason")
    while let field = try fields.next() {
      switch field.tag {
      case 1: failure.text = try field.text()
      case 2: failure.outcomes.append(try field.text())
      case 3: failure.isRefusal = try field.bool()
      default: try field.passOver()
      }
    }
    return .failed(failure)
  }

  private static func abort(_ fields: inout FieldReader) throws(HandoverError.Cause) -> Self {
    var text = "it gave no reason"
    while let field = try fields.next() {
      switch field.tag {
      case 1: text = try field.text()
      default: try field.passOver()
      }
    }
    return .abort(text)
  }

  private static func resolution(_ fields: inout FieldReader) throws(HandoverError.Cause) -> Self {
    var decision: TargetDecision?
    while let field = try fields.next() {
      switch field.tag {
      case 1:
        let code = try field.integer(UInt8.self)
        decision = TargetDecision(code: code)
        guard decision != nil || code == 0 else {
          throw .malformed(
            "expected a decision of 0 to \(TargetDecision.allCases.count), found \(code)")
        }
      default: try field.passOver()
      }
    }
    return .resolution(decision)
  }
}

extension HandoverMessage.Hello {
  fileprivate func write(to fields: inout FieldWriter) {
    fields.add(1, versions.lowerBound)
    fields.add(2, versions.upperBound)
    fields.add(3, handover.bytes)
    if let purpose { fields.add(4, purpose.rawValue) }
    if let windowByteCount { fields.add(5, windowByteCount) }
    if let producer { fields.add(6, producer) }
    fields.add(7, patience)
    if channelCount != 1 { fields.add(8, channelCount) }
    if channel != 0 { fields.add(9, channel) }
    if let secret { fields.add(10, secret.bytes) }
    if let receivedByteCount { fields.add(11, receivedByteCount) }
    if keptByteCount > 0 { fields.add(12, keptByteCount) }
  }

  fileprivate init(parsing fields: inout FieldReader) throws(HandoverError.Cause) {
    var lowest: UInt16?
    var highest: UInt16?
    var handover: StreamUUID?
    var purpose: Purpose?
    var windowByteCount: UInt64?
    var producer: String?
    var patience: UInt32?
    var channelCount: UInt16 = 1
    var channel: UInt16 = 0
    var secret: HandoverSecret?
    var receivedByteCount: UInt64?
    var keptByteCount: UInt64 = 0
    while let field = try fields.next() {
      switch field.tag {
      case 1: lowest = try field.integer(UInt16.self)
      case 2: highest = try field.integer(UInt16.self)
      case 3: handover = StreamUUID(bytes: field.value)
      case 4:
        let code = try field.integer(UInt8.self)
        purpose = Purpose(rawValue: code)
        guard purpose != nil else {
          throw .malformed("expected a purpose of 1 to 4, found \(code)")
        }
      case 5: windowByteCount = try field.integer(UInt64.self)
      case 6: producer = try field.text()
      case 7: patience = try field.integer(UInt32.self)
      case 8: channelCount = try field.integer(UInt16.self)
      case 9: channel = try field.integer(UInt16.self)
      case 10: secret = try HandoverSecret(field)
      case 11: receivedByteCount = try field.integer(UInt64.self)
      case 12: keptByteCount = try field.integer(UInt64.self)
      default: try field.passOver()
      }
    }
    guard let lowest, let highest, lowest <= highest else {
      throw .malformed("expected the lowest and the highest version of hello")
    }
    guard let handover else { throw .malformed("expected a handover's id of 16 bytes") }
    self.init(handover, purpose: purpose)
    versions = lowest...highest
    self.windowByteCount = windowByteCount
    self.producer = producer
    if let patience { self.patience = patience }
    guard (1...StreamHeader.channelLimit).contains(channelCount) else {
      throw .malformed("expected 1 to \(StreamHeader.channelLimit) channels, found \(channelCount)")
    }
    self.channelCount = channelCount
    self.channel = channel
    self.secret = secret
    self.receivedByteCount = receivedByteCount
    self.keptByteCount = keptByteCount
  }
}

extension HandoverMessage.DeviceLine {
  fileprivate var bytes: [UInt8] {
    var fields = FieldWriter()
    fields.add(1, number)
    fields.add(2, name)
    fields.add(3, outcome)
    return fields.bytes
  }

  fileprivate init(parsing bytes: [UInt8]) throws(HandoverError.Cause) {
    self.init(number: 0, name: "", outcome: "")
    var fields = FieldReader(bytes)
    while let field = try fields.next() {
      switch field.tag {
      case 1: number = try field.integer(UInt16.self)
      case 2: name = try field.text()
      case 3: outcome = try field.text()
      default: try field.passOver()
      }
    }
  }
}

extension CompatibilityReport.Finding {
  fileprivate var bytes: [UInt8] {
    var fields = FieldWriter()
    fields.add(1, severity.rawValue)
    fields.add(2, device)
    fields.add(3, subject)
    fields.add(4, wanted)
    fields.add(5, found)
    fields.add(6, side.rawValue)
    return fields.bytes
  }

  fileprivate init(parsing bytes: [UInt8]) throws(HandoverError.Cause) {
    // Words of a later version that are not known here must not make a yes of a no.
    var severity = Severity.incompatible
    var device: UInt16 = 0
    var subject = ""
    var wanted = ""
    var found = ""
    var side = Side.target
    var fields = FieldReader(bytes)
    while let field = try fields.next() {
      switch field.tag {
      case 1: severity = Severity(rawValue: try field.text()) ?? .incompatible
      case 2: device = try field.integer(UInt16.self)
      case 3: subject = try field.text()
      case 4: wanted = try field.text()
      case 5: found = try field.text()
      case 6: side = Side(rawValue: try field.text()) ?? .target
      default: try field.passOver()
      }
    }
    self.init(severity, device: device, subject, wanted: wanted, found: found, side: side)
  }
}
