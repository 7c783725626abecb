import ByteIO
public import Devices

/// The answer to a request that succeeded, without the descriptors that come with it.
public enum Reply: Sendable, Hashable {
  /// A reply without a body.
  case done
  case version(VersionOffer)
  /// What was unmapped.
  case unmapped(DMAUnmapping)
  case device(DeviceInformation)
  /// A region; `needed` is the room that the whole answer wants, which may be more than was given.
  case region(RegionInformation, needed: UInt32)
  case interrupt(InterruptInformation)
  case regionData(RegionRange, [UInt8])
  case regionWritten(RegionRange)
  case regionsWritten(UInt64)
  case memory(address: UInt64, [UInt8])
  case memoryWritten(AddressRange)
  case feature(FeatureRequest)
  case migrationData([UInt8])
  /// The body of a reply that the specification leaves to both sides.
  case other([UInt8])
}

extension Reply {
  static let regionByteCount = 32

  /// What the body of a reply to `request` says, of any server that there is: QEMU's client takes
  /// an empty answer to DMA_UNMAP, and libvfio-user fills MIG_DATA_READ up with zeros.
  public init(parsing body: RawSpan, to request: Request) throws(MessageError) {
    var reader = BodyReader(body, of: request.command)
    switch request {
    case .version: self = .version(try VersionOffer(&reader))
    case .mapDMA, .setInterrupts, .reset, .writeMigrationData: self = .done
    case .unmapDMA(let unmapping): self = .unmapped(unmapping)
    case .deviceInformation:
      _ = try reader.word()
      let flags = DeviceInformation.Flags(rawValue: try reader.word())
      self = .device(
        DeviceInformation(
          flags: flags, regionCount: try reader.word(), interruptCount: try reader.word()))
    case .regionInformation(let question):
      self = try Self.region(&reader, body, question)
    case .interruptInformation:
      _ = try reader.word()
      let flags = InterruptInformation.Flags(rawValue: try reader.word())
      self = .interrupt(
        InterruptInformation(
          index: try reader.word(), flags: flags, count: try reader.word()))
    case .readRegion(let asked):
      let range = try RegionRange(&reader)
      guard range == asked, reader.remaining == Int(range.byteCount) else {
        throw reader.error(
          "expected \(asked.byteCount) bytes of region \(asked.region) at \(asked.offset), found "
            + "\(reader.remaining) of region \(range.region) at \(range.offset)")
      }
      self = .regionData(range, try reader.rest())
    case .writeRegion(let asked, _):
      let range = try RegionRange(&reader)
      guard range.byteCount <= asked.byteCount else {
        throw reader.error(
          "expected at most \(asked.byteCount) bytes written, found \(range.byteCount)", back: 4)
      }
      self = .regionWritten(range)
    case .writeRegions: self = .regionsWritten(try reader.long())
    case .readDMA(let asked):
      let range = AddressRange(start: try reader.long(), byteCount: try reader.long())
      guard range == asked, UInt64(reader.remaining) == range.byteCount else {
        throw reader.error(
          "expected \(asked.byteCount) bytes of memory, found \(reader.remaining)")
      }
      self = .memory(address: range.start, try reader.rest())
    case .writeDMA:
      let address = try reader.long()
      // The count has 32 bits in the specification's reply, and 64 in that of QEMU 10.2.
      let count = reader.remaining >= 8 ? try reader.long() : UInt64(try reader.word())
      self = .memoryWritten(AddressRange(start: address, byteCount: count))
    case .feature(let asked):
      let needed = try reader.word()
      let flags = try reader.word()
      let feature = DeviceFeature(rawValue: flags & 0xffff)
      guard feature == asked.feature else {
        throw reader.error("expected feature \(asked.feature), found \(feature)", back: 4)
      }
      self = .feature(
        FeatureRequest(
          feature, DeviceFeature.Access(rawValue: flags & ~0xffff), try reader.rest(),
          replyLimit: needed))
    case .readMigrationData(_, let asked):
      _ = try reader.word()
      let count = try reader.word()
      guard count <= asked, Int(count) <= reader.remaining else {
        throw reader.error(
          "expected at most \(min(Int(asked), reader.remaining)) bytes of state, found \(count)",
          back: 4)
      }
      self = .migrationData(try reader.bytes(Int(count)))
    case .regionIODescriptors, .unknown: self = .other(try reader.rest())
    }
  }

  private static func region(
    _ reader: inout BodyReader, _ body: RawSpan, _ question: InformationRequest
  ) throws(MessageError) -> Reply {
    let needed = try reader.word()
    let flags = try reader.word()
    let index = try reader.word()
    let start = try reader.word()
    let byteCount = try reader.long()
    let offset = try reader.long()
    guard index == question.index else {
      throw reader.error("expected region \(question.index), found \(index)", back: 24)
    }
    var region = RegionInformation(
      index: index, flags: .init(rawValue: flags), byteCount: byteCount, offset: offset)
    let hasCapabilities = flags & capabilityFlag != 0
    if hasCapabilities, needed <= question.replyLimit {
      do throws(InformationError) {
        region.capabilities = try InformationCapability.chain(
          in: [UInt8](body), from: start, behind: regionByteCount)
      } catch {
        throw reader.error("\(error)")
      }
    }
    return .region(region, needed: needed)
  }

  // VFIO_REGION_INFO_FLAG_CAPS.
  private static let capabilityFlag: UInt32 = 8

  /// The reply's body, no longer than the client takes where the protocol lets it say so.
  public func body(to request: Request) -> [UInt8] {
    var writer = ByteWriter(reserving: 32)
    switch self {
    case .done: break
    case .version(let offer): offer.write(to: &writer)
    case .unmapped(let unmapping): writer.append(Request.unmapDMA(unmapping).body)
    case .device(let device):
      writer.little(16 as UInt32)
      writer.little(device.flags.rawValue)
      writer.little(device.regionCount)
      writer.little(device.interruptCount)
    case .region(let region, _):
      guard case .regionInformation(let question) = request else { break }
      Self.write(region, to: &writer, limit: question.replyLimit)
    case .interrupt(let interrupt):
      writer.little(16 as UInt32)
      writer.little(interrupt.flags.rawValue)
      writer.little(interrupt.index)
      writer.little(interrupt.count)
    case .regionData(let range, let data):
      range.write(to: &writer)
      writer.append(data)
    case .regionWritten(let range): range.write(to: &writer)
    case .regionsWritten(let count): writer.little(count)
    case .memory(let address, let data):
      writer.little(address)
      writer.little(UInt64(data.count))
      writer.append(data)
    case .memoryWritten(let range):
      writer.little(range.start)
      writer.little(range.byteCount)
    case .feature(let feature): writer.append(Request.feature(feature).body)
    case .migrationData(let data): writer.append(Request.writeMigrationData(data).body)
    case .other(let body): writer.append(body)
    }
    return writer.bytes
  }

  /// A region, with its capabilities if the client has room for them: QEMU's takes a longer answer
  /// than it asked for as an attack.
  private static func write(
    _ region: RegionInformation, to writer: inout ByteWriter, limit: UInt32
  ) {
    let chain = region.capabilities.reduce(0) { $0 + 8 + $1.bytes.count }
    let needed = regionByteCount + chain
    let hasRoom = chain > 0 && needed <= Int(limit)
    writer.little(UInt32(needed))
    writer.little(region.flags.rawValue & ~capabilityFlag | (chain > 0 ? capabilityFlag : 0))
    writer.little(region.index)
    writer.little(UInt32(hasRoom ? regionByteCount : 0))
    writer.little(region.byteCount)
    writer.little(region.offset)
    guard hasRoom else { return }
    var next = regionByteCount
    for (number, capability) in region.capabilities.enumerated() {
      next += 8 + capability.bytes.count
      let isLast = number == region.capabilities.count - 1
      writer.little(capability.id)
      writer.little(capability.version)
      writer.little(UInt32(isLast ? 0 : next))
      writer.append(capability.bytes)
    }
  }
}
