import PCIConfig
import QEMUStream
import VirtualPCI

// The JSON of the profile commands: stable names, described in schemas/pci-*.schema.json.

extension CheckReport {
  package var json: JSONValue {
    .object([
      .init("profile", .string(profile)), .init("device", .string(device)),
      .init("canCarry", .bool(canCarry)), .init("reasons", .array(reasons.map(\.json))),
      .init("warnings", .array(warnings.map(\.json))), .init("notes", .array(notes.map(\.json))),
    ])
  }
}

extension CheckReport.Reason {
  fileprivate var json: JSONValue {
    .object([
      .init("capability", .string(capability)), .init("field", .string(field)),
      .init("wanted", .string(wanted)), .init("found", .string(found)), .init("why", .string(why)),
    ])
  }
}

extension DerivationReport {
  package var json: JSONValue {
    .object([
      .init("profile", .string(profile)), .init("devices", .array(devices.map { .string($0) })),
      .init("entries", .array(entries.map(\.json))),
    ])
  }
}

extension DerivationReport.Entry {
  fileprivate var json: JSONValue {
    .object([
      .init("settlement", .string(settlement.rawValue)), .init("capability", .string(capability)),
      .init("field", .string(field)), .init("settled", .string(settled)),
      .init("reason", .string(reason)),
      .init(
        "found",
        .array(
          found.map {
            .object([.init("device", .string($0.device)), .init("value", .string($0.value))])
          })),
    ])
  }
}

extension ConfigSpaceDifference {
  package var json: JSONValue {
    .object([
      .init("capability", .string(capability)), .init("field", .string(field)),
      .init("offset", offset.map { .number($0) } ?? .null), .init("first", .string(first)),
      .init("second", .string(second)),
    ])
  }
}

extension QEMULoadCheck {
  package var json: JSONValue {
    .object([
      .init("accepted", .bool(isAccepted)), .init("message", .optional(message)),
      .init("refused", .array(refused.map(\.json))),
      .init(
        "switches",
        .array(
          machineProperties.map {
            .object([
              .init("name", .string($0.name)), .init("value", .string($0.value)),
              .init("machines", .string($0.machines)), .init("refused", .number($0.refused)),
              .init("changesAnswer", .bool($0.changesAnswer)),
            ])
          })),
      .init("notes", .array(notes.map { .string($0) })),
    ])
  }
}

extension QEMULoadCheck.Mismatch {
  fileprivate var json: JSONValue {
    .object([
      .init("offset", .number(offset)), .init("read", .number(read)),
      .init("device", .number(device)), .init("cmask", .number(cmask)),
      .init("wmask", .number(wmask)), .init("w1cmask", .number(w1cmask)),
      .init("field", .string(field)), .init("message", .string(message)),
    ])
  }
}

extension ProfileExplanation {
  package var json: JSONValue { .array(entries.map(\.json)) }
}

extension ProfileExplanation.Entry {
  fileprivate var json: JSONValue {
    .object([
      .init("offset", .number(offset)), .init("length", .number(length)),
      .init("owner", .string(owner)), .init("name", .string(name)),
      .init("reset", .number(reset)), .init("bits", .array(bits.map(\.json))),
    ])
  }
}

extension ProfileExplanation.Bits {
  fileprivate var json: JSONValue {
    .object([
      .init("bits", .number(bits)), .init("name", .string(name)),
      .init("access", .string(access.rawValue)), .init("reset", .number(reset)),
      .init("physical", .optional(counterpart)),
      .init("require", required.map { .number($0) } ?? .null), .init("source", .string(source)),
    ])
  }
}
