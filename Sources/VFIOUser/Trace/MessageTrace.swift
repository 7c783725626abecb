private import ByteIO
import Devices
public import VFIO

/// Makes records of a trace from messages, in the form of those of system calls.
public struct MessageTrace {
  private let now: () -> UInt64
  private let record: (TraceRecord) -> Void
  /// The most bytes of what a message carries that a record keeps.
  private let dataLimit: Int

  /// Gives a record to `record` for each command, with its reply; `now` is a time in nanoseconds.
  public init(
    dataLimit: Int = 4096, now: @escaping () -> UInt64,
    record: @escaping (TraceRecord) -> Void
  ) {
    self.dataLimit = dataLimit
    self.now = now
    self.record = record
  }

  /// Adds messages to the trace of a kernel; nil if that is none that is traced.
  public init?(of kernel: any KernelInterface) {
    guard let kernel = kernel as? TracingKernel else { return nil }
    self.init(dataLimit: kernel.dataLimit, now: kernel.now, record: kernel.record)
  }

  /// A command that was sent or received, until its reply is there.
  public struct Pending {
    fileprivate let command: Message
    fileprivate let sender: TraceRecord.Message.Sender
    fileprivate let descriptorCount: Int
    fileprivate let time: UInt64
  }

  /// Takes down a command as it is sent.
  public func begin(
    _ command: Message, from sender: TraceRecord.Message.Sender, descriptorCount: Int = 0
  ) -> Pending {
    Pending(
      command: command, sender: sender, descriptorCount: descriptorCount, time: now())
  }

  /// Records a command with its reply, or without one.
  public func end(_ pending: Pending, reply: Message?, descriptorCount: Int = 0) {
    let command = pending.command
    var draft = TraceRecord(.message)
    draft.time = pending.time
    draft.duration = now() &- pending.time
    draft.byteCount = command.body.count
    draft.message = TraceRecord.Message(
      sender: pending.sender, number: command.number, name: Self.name(of: command),
      descriptorCount: pending.descriptorCount, replyDescriptorCount: descriptorCount,
      isAnswered: reply != nil)
    let request = try? Request(parsing: command.body.span.raw, of: command.command)
    draft.arguments = request?.traceFields ?? []
    draft.data = (request?.data ?? (request == nil ? command.body : nil)).map(kept)
    if let reply {
      draft.result = Int64(reply.body.count)
      switch reply.kind {
      case .failure(let errno):
        draft.result = -1
        draft.error = errno
      case .reply, .command, .other:
        guard let request,
          let answer = try? Reply(parsing: reply.body.span.raw, to: request)
        else {
          if draft.data == nil { draft.data = kept(reply.body) }
          break
        }
        draft.results = answer.traceFields
        if let data = answer.data { draft.data = kept(data) }
      }
    }
    record(draft)
  }

  private static func name(of message: Message) -> String {
    guard case .other(let type) = message.kind else { return "\(message.command)" }
    return "\(message.command), type \(type)"
  }

  private func kept(_ bytes: [UInt8]) -> [UInt8] { Array(bytes.prefix(dataLimit)) }
}

extension Request {
  /// The data that the command carries.
  fileprivate var data: [UInt8]? {
    switch self {
    case .writeRegion(_, let data), .writeDMA(_, let data), .writeMigrationData(let data): data
    case .writeRegions(let writes): writes.flatMap(\.bytes)
    case .unknown(_, let body): body.isEmpty ? nil : body
    default: nil
    }
  }

  /// The fields of the command, by the specification's names.
  fileprivate var traceFields: [TraceField] {
    switch self {
    case .version(let offer): offer.traceFields
    case .mapDMA(let mapping):
      [
        .number("flags", mapping.access.rawValue), .number("offset", mapping.offset),
        .number("address", mapping.range.start), .number("size", mapping.range.byteCount),
      ]
    case .unmapDMA(let unmapping): unmapping.traceFields
    case .deviceInformation(let question): [.number("argsz", question.replyLimit)]
    case .regionInformation(let question), .regionIODescriptors(let question),
      .interruptInformation(let question):
      [.number("argsz", question.replyLimit), .number("index", question.index)]
    case .setInterrupts(let setup): setup.traceFields
    case .readRegion(let range), .writeRegion(let range, _): range.traceFields
    case .writeRegions(let writes): [.number("wr_cnt", writes.count)]
    case .readDMA(let range):
      [.number("address", range.start), .number("count", range.byteCount)]
    case .writeDMA(let address, let data):
      [.number("address", address), .number("count", data.count)]
    case .reset, .unknown: []
    case .feature(let request): request.traceFields
    case .readMigrationData(let limit, let count):
      [.number("argsz", limit), .number("size", count)]
    case .writeMigrationData(let data): [.number("size", data.count)]
    }
  }
}

extension Reply {
  fileprivate var data: [UInt8]? {
    switch self {
    case .regionData(_, let data), .memory(_, let data), .migrationData(let data): data
    case .other(let body): body.isEmpty ? nil : body
    default: nil
    }
  }

  fileprivate var traceFields: [TraceField] {
    switch self {
    case .done, .regionData, .memory, .other: []
    case .version(let offer): offer.traceFields
    case .unmapped(let unmapping): unmapping.traceFields
    case .device(let device):
      [
        .number("flags", device.flags.rawValue), .number("num_regions", device.regionCount),
        .number("num_irqs", device.interruptCount),
      ]
    case .region(let region, let needed):
      [
        .number("argsz", needed), .number("flags", region.flags.rawValue),
        .number("size", region.byteCount), .number("offset", region.offset),
      ]
    case .interrupt(let interrupt):
      [.number("flags", interrupt.flags.rawValue), .number("count", interrupt.count)]
    case .regionWritten(let range): range.traceFields
    case .regionsWritten(let count): [.number("wr_cnt", count)]
    case .memoryWritten(let range):
      [.number("address", range.start), .number("count", range.byteCount)]
    case .feature(let feature): feature.traceFields
    case .migrationData(let data): [.number("size", data.count)]
    }
  }
}

extension TraceField {
  fileprivate static func number(_ name: String, _ value: some BinaryInteger) -> TraceField {
    TraceField(name, .unsigned(UInt64(truncatingIfNeeded: value)))
  }

  fileprivate static func text(_ name: String, _ value: String) -> TraceField {
    TraceField(name, .text(value))
  }
}

extension VersionOffer {
  fileprivate var traceFields: [TraceField] {
    var fields: [TraceField] = [.number("major", major), .number("minor", minor)]
    if let limit = capabilities?.descriptorLimit { fields.append(.number("max_msg_fds", limit)) }
    if let limit = capabilities?.transferByteLimit {
      fields.append(.number("max_data_xfer_size", limit))
    }
    return fields
  }
}

extension DMAUnmapping {
  fileprivate var traceFields: [TraceField] {
    [
      .number("flags", flags), .number("address", range.start), .number("size", range.byteCount),
    ]
  }
}

extension RegionRange {
  fileprivate var traceFields: [TraceField] {
    [.number("offset", offset), .number("region", region), .number("count", byteCount)]
  }
}

extension InterruptSetup {
  fileprivate var traceFields: [TraceField] {
    let kind =
      switch data {
      case .none: "DATA_NONE"
      case .booleans: "DATA_BOOL"
      case .eventfds: "DATA_EVENTFD"
      }
    let verb =
      switch action {
      case .mask: "ACTION_MASK"
      case .unmask: "ACTION_UNMASK"
      case .trigger: "ACTION_TRIGGER"
      }
    return [
      .text("flags", "\(kind)|\(verb)"), .number("index", index), .number("start", start),
      .number("count", count),
    ]
  }
}

extension FeatureRequest {
  /// The migration state in a payload of that feature, by its name or its number.
  public var stateText: String {
    guard payload.count >= 4 else { return "no state" }
    let number = payload.span.raw.little(UInt32.self, at: 0)
    return MigrationState(rawValue: number)?.description ?? "\(number)"
  }

  fileprivate var traceFields: [TraceField] {
    var fields: [TraceField] = [
      .number("argsz", replyLimit), .text("flags", "\(access)|\(feature)"),
    ]
    let bytes = payload.span.raw
    switch feature {
    case .migration where payload.count >= 8:
      let abilities = MigrationAbilities(rawValue: bytes.little(UInt64.self, at: 0))
      fields.append(.text("migration", "\(abilities)"))
    case .migrationState where payload.count >= 4:
      fields.append(.text("device_state", stateText))
    case .reportDMALogging where payload.count >= 24:
      fields.append(.number("iova", bytes.little(UInt64.self, at: 0)))
      fields.append(.number("length", bytes.little(UInt64.self, at: 8)))
      fields.append(.number("page_size", bytes.little(UInt64.self, at: 16)))
    case .startDMALogging where payload.count >= 12:
      fields.append(.number("page_size", bytes.little(UInt64.self, at: 0)))
      fields.append(.number("num_ranges", bytes.little(UInt32.self, at: 8)))
    default: break
    }
    return fields
  }
}
