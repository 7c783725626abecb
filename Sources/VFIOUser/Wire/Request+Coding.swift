import ByteIO
import Devices

extension Request {
  // REGION_WRITE_MULTI has writes of 24 bytes, 8 of them data.
  private static let writeByteCount = 24
  private static let dataByteCount = 8

  /// What the body of a command says. A body that is too short, or says two things, is an error;
  /// bytes behind the structures of the specification are passed over, as later versions may have
  /// more.
  public init(parsing body: RawSpan, of command: MessageCommand) throws(MessageError) {
    var reader = BodyReader(body, of: command)
    switch command {
    case .version: self = .version(try VersionOffer(&reader))
    case .mapDMA:
      _ = try reader.word()
      let access = DMAAccess(rawValue: try reader.word())
      let offset = try reader.long()
      self = .mapDMA(
        DMAMapping(access: access, offset: offset, range: try Self.addresses(&reader)))
    case .unmapDMA:
      _ = try reader.word()
      let flags = try reader.word()
      let range = AddressRange(start: try reader.long(), byteCount: try reader.long())
      let unmapping = DMAUnmapping(flags: flags, range: range)
      if !unmapping.isAll { try Self.check(range, reader) }
      self = .unmapDMA(unmapping)
    case .getDeviceInformation:
      self = .deviceInformation(InformationRequest(replyLimit: try reader.word()))
    case .getRegionInformation: self = .regionInformation(try Self.question(&reader))
    case .getRegionIODescriptors: self = .regionIODescriptors(try Self.question(&reader))
    case .getInterruptInformation: self = .interruptInformation(try Self.question(&reader))
    case .setInterrupts: self = .setInterrupts(try InterruptSetup(&reader))
    case .readRegion: self = .readRegion(try RegionRange(&reader))
    case .writeRegion:
      let range = try RegionRange(&reader)
      self = .writeRegion(range, try Self.data(range.byteCount, &reader))
    case .writeRegions: self = .writeRegions(try Self.writes(&reader))
    case .readDMA: self = .readDMA(try Self.addresses(&reader))
    case .writeDMA:
      let range = try Self.addresses(&reader)
      let count = UInt32(clamping: range.byteCount)
      self = .writeDMA(address: range.start, try Self.data(count, &reader))
    case .reset: self = .reset
    case .feature:
      let limit = try reader.word()
      let flags = try reader.word()
      let feature = DeviceFeature(rawValue: flags & 0xffff)
      let access = DeviceFeature.Access(rawValue: flags & ~0xffff)
      self = .feature(
        FeatureRequest(feature, access, try reader.rest(), replyLimit: limit))
    case .readMigrationData:
      self = .readMigrationData(replyLimit: try reader.word(), byteCount: try reader.word())
    case .writeMigrationData:
      _ = try reader.word()
      let count = try reader.word()
      self = .writeMigrationData(try Self.data(count, &reader))
    default: self = .unknown(command, try reader.rest())
    }
  }

  private static func question(
    _ reader: inout BodyReader
  ) throws(MessageError) -> InformationRequest {
    let limit = try reader.word()
    _ = try reader.word()
    return InformationRequest(replyLimit: limit, index: try reader.word())
  }

  private static func addresses(_ reader: inout BodyReader) throws(MessageError) -> AddressRange {
    let range = AddressRange(start: try reader.long(), byteCount: try reader.long())
    try check(range, reader)
    return range
  }

  private static func check(
    _ range: AddressRange, _ reader: borrowing BodyReader
  ) throws(MessageError) {
    guard range.byteCount <= UInt64.max - range.start else {
      throw reader.error(
        "expected addresses of 64 bits, found \(range.byteCount) bytes at \(range.start)",
        back: 16)
    }
  }

  /// The data of a write, which must have as many bytes as it says.
  private static func data(
    _ count: UInt32, _ reader: inout BodyReader
  ) throws(MessageError) -> [UInt8] {
    guard reader.remaining == Int(count) else {
      throw reader.error("expected \(count) bytes of data, found \(reader.remaining)")
    }
    return try reader.rest()
  }

  private static func writes(_ reader: inout BodyReader) throws(MessageError) -> [RegionWrite] {
    let count = try reader.long()
    let room = reader.remaining / writeByteCount
    guard count == UInt64(room), reader.remaining % writeByteCount == 0 else {
      throw reader.error(
        "expected \(count) writes of \(writeByteCount) bytes, found \(reader.remaining) bytes")
    }
    var writes: [RegionWrite] = []
    for _ in 0..<room {
      let range = try RegionRange(&reader)
      let data = try reader.bytes(dataByteCount)
      guard range.byteCount <= dataByteCount else {
        throw reader.error(
          "expected a write of at most \(dataByteCount) bytes, found \(range.byteCount)",
          back: dataByteCount + 4)
      }
      writes.append(
        RegionWrite(
          region: range.region, offset: range.offset,
          bytes: Array(data.prefix(Int(range.byteCount)))))
    }
    return writes
  }

  /// The command's body.
  public var body: [UInt8] {
    var writer = ByteWriter(reserving: 32)
    switch self {
    case .version(let offer): offer.write(to: &writer)
    case .mapDMA(let mapping):
      writer.little(32 as UInt32)
      writer.little(mapping.access.rawValue)
      writer.little(mapping.offset)
      writer.little(mapping.range.start)
      writer.little(mapping.range.byteCount)
    case .unmapDMA(let unmapping):
      writer.little(24 as UInt32)
      writer.little(unmapping.flags)
      writer.little(unmapping.range.start)
      writer.little(unmapping.range.byteCount)
    case .deviceInformation(let request):
      for word in [request.replyLimit, 0, 0, 0] { writer.little(word) }
    case .regionInformation(let request):
      for word in [request.replyLimit, 0, request.index, 0, 0, 0, 0, 0] { writer.little(word) }
    case .regionIODescriptors(let request), .interruptInformation(let request):
      for word in [request.replyLimit, 0, request.index, 0] { writer.little(word) }
    case .setInterrupts(let setup): setup.write(to: &writer)
    case .readRegion(let range): range.write(to: &writer)
    case .writeRegion(let range, let data):
      range.write(to: &writer)
      writer.append(data)
    case .writeRegions(let writes):
      writer.little(UInt64(writes.count))
      for write in writes {
        RegionRange(
          region: write.region, offset: write.offset, byteCount: UInt32(write.bytes.count)
        ).write(to: &writer)
        let padding = [UInt8](repeating: 0, count: max(0, Self.dataByteCount - write.bytes.count))
        writer.append(write.bytes + padding)
      }
    case .readDMA(let range):
      writer.little(range.start)
      writer.little(range.byteCount)
    case .writeDMA(let address, let data):
      writer.little(address)
      writer.little(UInt64(data.count))
      writer.append(data)
    case .reset: break
    case .feature(let request):
      writer.little(request.replyLimit)
      writer.little(request.feature.rawValue & 0xffff | request.access.rawValue)
      writer.append(request.payload)
    case .readMigrationData(let limit, let count):
      writer.little(limit)
      writer.little(count)
    case .writeMigrationData(let data):
      writer.little(UInt32(8 + data.count))
      writer.little(UInt32(data.count))
      writer.append(data)
    case .unknown(_, let body): writer.append(body)
    }
    return writer.bytes
  }
}

extension RegionRange {
  /// The bytes of a range, in requests and in replies.
  static let byteCount = 16

  init(_ reader: inout BodyReader) throws(MessageError) {
    offset = try reader.long()
    region = try reader.word()
    byteCount = try reader.word()
  }

  func write(to writer: inout ByteWriter) {
    writer.little(offset)
    writer.little(region)
    writer.little(byteCount)
  }
}

extension InterruptSetup {
  private static let headByteCount: UInt32 = 20
  private static let (none, booleans, eventfds) = (1 as UInt32, 2 as UInt32, 4 as UInt32)
  // More vectors than MSI-X has (2048).
  private static let vectorLimit: UInt32 = 2048

  init(_ reader: inout BodyReader) throws(MessageError) {
    _ = try reader.word()
    let flags = try reader.word()
    guard let action = Action(rawValue: flags & ~7) else {
      throw reader.error(
        "expected one of the actions 0x8, 0x10 and 0x20, found the flags 0x\(hex(flags))", back: 4)
    }
    let index = try reader.word()
    let start = try reader.word()
    let count = try reader.word()
    guard start <= Self.vectorLimit, count <= Self.vectorLimit - start else {
      throw reader.error(
        "expected at most \(Self.vectorLimit) vectors, found \(count) from \(start) on", back: 8)
    }
    let data: Data
    switch flags & 7 {
    case Self.none: data = .none
    case Self.booleans: data = .booleans(try reader.bytes(Int(count)).map { $0 != 0 })
    case Self.eventfds: data = .eventfds
    default:
      throw reader.error(
        "expected one of the data flags 1, 2 and 4, found the flags 0x\(hex(flags))", back: 16)
    }
    self.init(action, data, index: index, start: start, count: count)
  }

  func write(to writer: inout ByteWriter) {
    let (flag, bytes): (UInt32, [UInt8]) =
      switch data {
      case .none: (Self.none, [])
      case .booleans(let values): (Self.booleans, values.map { $0 ? 1 : 0 })
      case .eventfds: (Self.eventfds, [])
      }
    writer.little(Self.headByteCount + UInt32(bytes.count))
    writer.little(flag | action.rawValue)
    writer.little(index)
    writer.little(start)
    writer.little(count)
    writer.append(bytes)
  }
}
