public import ByteIO
import PCIConfig

extension ConfigSpaceReport {
  /// Identity, header registers, BARs, capabilities with their fields, the map, and what is wrong.
  public var json: JSONValue {
    [
      "slot": .optional(device.address?.description), "title": .string(device.title),
      "vendorID": .optional(space.u16(at: 0x00)), "deviceID": .optional(space.u16(at: 0x02)),
      "vendorName": .optional(vendorName), "deviceName": .optional(deviceName),
      "subsystemName": .optional(subsystemName),
      "revisionID": .optional(space.u8(at: 0x08)),
      "classCode": .optional(space.load(0x09, byteCount: 3)),
      "className": .optional(
        space.isKnown(0x09..<0x0c) ? ClassCode.name(space.classCode) : nil),
      "headerType": .optional(space.headerType), "bytes": .number(space.byteCount),
      "header": Self.json(space.headerRegisters),
      "baseAddresses": .array(space.baseAddresses.map(\.json)),
      "capabilities": .array(list.capabilities.map { json(of: $0) }),
      "map": .array(map.entries.map(\.json)), "findings": .array(list.findings.map(\.json)),
      "command": .optional(command), "words": device.words.map(Self.json) ?? .null,
    ]
  }

  private func json(of capability: Capability) -> JSONValue {
    [
      "id": .number(capability.id.rawValue), "name": .string(capability.id.description),
      "detail": .optional(space.detail(of: capability)), "offset": .number(capability.offset),
      "length": .number(capability.length), "lengthKnown": .bool(capability.isLengthKnown),
      "version": .optional(capability.version), "extended": .bool(capability.isExtended),
      "fields": Self.json(space.registers(of: capability)),
      "data": .string(digits(capability.range).joined()),
    ]
  }

  private static func json(_ words: DumpedWords) -> JSONValue {
    [
      "bits": .number(words.bitCount), "order": .string(words.order.rawValue),
      "toldBy": .string(words.evidence.rawValue),
    ]
  }

  /// Each register under its name, each field under `Register.Field`.
  private static func json(_ registers: [RegisterValue]) -> JSONValue {
    .object(
      registers.flatMap { register in
        [JSONValue.Member(register.name, .number(register.value))]
          + register.fields.map {
            JSONValue.Member("\(register.name).\($0.name)", .number($0.value))
          }
      })
  }
}

extension BaseAddress {
  fileprivate var json: JSONValue {
    [
      "index": .number(index), "kind": .string(kind.rawValue),
      "prefetchable": .bool(isPrefetchable), "address": .number(address),
    ]
  }
}

extension ConfigSpaceMap.Entry {
  fileprivate var json: JSONValue {
    let (owner, capability): (String, JSONValue) =
      switch owner {
      case .header: ("header", .null)
      case .capability(let capability): ("capability", .number(capability.offset))
      case .zero: ("zero", .null)
      case .hidden: ("hidden", .null)
      case .unknown: ("unknown", .null)
      }
    return [
      "offset": .number(range.lowerBound), "length": .number(range.count),
      "owner": .string(owner), "capability": capability,
    ]
  }
}

extension ConfigSpaceFinding {
  fileprivate var json: JSONValue {
    ["code": .string(code.rawValue), "offset": .number(offset), "message": .string(message)]
  }
}
