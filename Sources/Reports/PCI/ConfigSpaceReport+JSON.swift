public import PCIConfig

extension ConfigSpaceReport {
  /// An array with one object a device, as `schemas/pci-show.schema.json` describes it.
  public static func json(of devices: [DumpedDevice]) -> String {
    JSONValue.array(devices.map { ConfigSpaceReport($0).json }).text + "\n"
  }

  package var json: JSONValue {
    .object([
      .init("slot", .optional(device.address?.description)),
      .init("title", .string(device.title)),
      .init("vendorID", .number(space.vendorID)),
      .init("deviceID", .number(space.deviceID)),
      .init("revisionID", .number(space.revisionID)),
      .init("classCode", .number(space.classCode)),
      .init("className", .string(ClassCode.name(space.classCode))),
      .init("headerType", space.headerType.map { .number($0) } ?? .null),
      .init("bytes", .number(space.byteCount)),
      .init("header", Self.json(space.headerRegisters)),
      .init("baseAddresses", .array(space.baseAddresses.map(Self.json))),
      .init("capabilities", .array(list.capabilities.map(json))),
      .init("map", .array(map.entries.map(Self.json))),
      .init("findings", .array(list.findings.map(Self.json))),
    ])
  }

  private func json(_ capability: Capability) -> JSONValue {
    .object([
      .init("id", .number(capability.id.rawValue)),
      .init("name", .string(capability.id.description)),
      .init("detail", .optional(detail(of: capability))),
      .init("offset", .number(capability.offset)),
      .init("length", .number(capability.length)),
      .init("lengthKnown", .bool(capability.isLengthKnown)),
      .init("version", capability.version.map { .number($0) } ?? .null),
      .init("extended", .bool(capability.isExtended)),
      .init("fields", Self.json(space.registers(of: capability))),
      .init("data", .string(digits(capability.range))),
    ])
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

  private static func json(_ base: BaseAddress) -> JSONValue {
    .object([
      .init("index", .number(base.index)),
      .init("kind", .string(base.kind.rawValue)),
      .init("prefetchable", .bool(base.isPrefetchable)),
      .init("address", .number(base.address)),
    ])
  }

  private static func json(_ entry: ConfigSpaceMap.Entry) -> JSONValue {
    let (owner, capability): (String, JSONValue) =
      switch entry.owner {
      case .header: ("header", .null)
      case .capability(let capability): ("capability", .number(capability.offset))
      case .zero: ("zero", .null)
      case .hidden: ("hidden", .null)
      case .unknown: ("unknown", .null)
      }
    return .object([
      .init("offset", .number(entry.range.lowerBound)),
      .init("length", .number(entry.range.count)),
      .init("owner", .string(owner)),
      .init("capability", capability),
    ])
  }

  private static func json(_ finding: ConfigSpaceFinding) -> JSONValue {
    .object([
      .init("code", .string(finding.code.rawValue)),
      .init("offset", .number(finding.offset)),
      .init("message", .string(finding.message)),
    ])
  }
}
