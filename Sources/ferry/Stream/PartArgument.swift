import ArgumentParser
import ByteIO
import Inputs
import Migration
import MigrationStream
import PCIConfig
import StreamIO
import YAMLReader

/// `--part state=F[,config=F][,pasid=F][,driver=NAME][,name=NAME][,ids=VVVV:DDDD][,precopy=N]`.
struct PartArgument: ExpressibleByArgument {
  private static let keys = ["state", "config", "pasid", "driver", "name", "ids", "precopy"]

  /// The format's limit on text, in bytes.
  private static let textLimit = 1024

  private let values: [String: String]

  init?(argument: String) {
    var values: [String: String] = [:]
    for part in Self.split(argument) {
      guard let equals = part.firstIndex(of: "=") else { return nil }
      let key = String(part[..<equals])
      let value = String(part[part.index(after: equals)...])
      guard Self.keys.contains(key), values[key] == nil, !value.isEmpty else { return nil }
      values[key] = value
    }
    guard values["state"] != nil else { return nil }
    for key in ["name", "driver"] where (values[key]?.utf8.count ?? 0) > Self.textLimit {
      return nil
    }
    if let ids = values["ids"], idPair(parsing: ids) == nil { return nil }
    if let preCopy = values["precopy"], ByteSize(argument: preCopy) == nil { return nil }
    self.values = values
  }

  /// The files that are standard input.
  var standardInputCount: Int {
    ["state", "config", "pasid"].count { values[$0] == "-" }
  }

  /// The device with this number in the stream, its configuration space and PASID table read.
  ///
  /// - Parameter hasAnyConfiguration: whether the space may be one that no function has.
  func part(number: UInt16, hasAnyConfiguration: Bool) throws -> PartsSource.Part {
    var identity = DeviceIdentity(name: values["name"], driver: values["driver"])
    let space = try values["config"].map { path in
      let space = try configurationSpace(of: path)
      if !hasAnyConfiguration { try Self.requireSound(space, of: path) }
      return space
    }
    identity.pci = space.flatMap(DeviceIdentity.PCIIdentity.init)
    if let ids = values["ids"].flatMap({ idPair(parsing: $0) }) {
      identity.pci = DeviceIdentity.PCIIdentity(vendorID: ids.vendor, deviceID: ids.device)
    }
    return PartsSource.Part(
      DeviceIntroduction(
        number: number, identity: identity,
        configuration: space.map { ConfigurationRecord(physical: $0.bytes) },
        pasids: try values["pasid"].map(PASIDTable.init(file:))),
      statePath: values["state"] ?? "-",
      preCopyByteCount: values["precopy"].flatMap(ByteSize.init(argument:))?.byteCount ?? 0)
  }

  /// Commas separate; a backslash before one makes it part of a value.
  private static func split(_ text: String) -> [String] {
    var parts = [""]
    var isEscaped = false
    for character in text {
      if isEscaped {
        parts[parts.count - 1] += character == "," || character == "\\" ? "" : "\\"
        parts[parts.count - 1].append(character)
        isEscaped = false
      } else if character == "\\" {
        isEscaped = true
      } else if character == "," {
        parts.append("")
      } else {
        parts[parts.count - 1].append(character)
      }
    }
    if isEscaped { parts[parts.count - 1] += "\\" }
    return parts
  }

  private func configurationSpace(of path: String) throws -> ConfigSpace {
    let space = try SpaceInput.reportingFailures(in: path) {
      try ConfigSpaceInput.dump(path).device(at: nil).space
    }
    guard space.unknownRanges.isEmpty else {
      throw CommandError.damaged(
        "\(path): expected every byte of a configuration space, found a dump that lacks "
          + space.unknownText)
    }
    return space
  }

  /// Refuses bytes with a header or lists that no function has.
  private static func requireSound(_ space: ConfigSpace, of path: String) throws {
    let contradictions = space.contradictions
    guard let first = contradictions.first else { return }
    let more = contradictions.count > 1 ? " and \(contradictions.count - 1) more" : ""
    throw CommandError.damaged(
      "\(path): expected the configuration space of a function, found bytes that no function has: "
        + "\(first)\(more); --any-config takes them all the same")
  }
}

extension DeviceIdentity.PCIIdentity {
  /// The identity in the header of `space`; nil if no function answers there.
  fileprivate init?(_ space: ConfigSpace) {
    guard space.vendorID != 0xffff else { return nil }
    let subsystem = space.subsystem
    self.init(
      vendorID: space.vendorID, deviceID: space.deviceID, subsystemVendorID: subsystem?.vendor,
      subsystemID: subsystem?.device, classCode: space.classCode, revisionID: space.revisionID)
  }
}

extension PASIDTable {
  /// Reads the table in a YAML file.
  init(file path: String) throws {
    let bytes = try InputFile(path, for: .document("PASID bindings")).contents(
      limit: YAMLLimits.standard.byteCount)
    self = try FileContentError.naming(path) { try PASIDTable(yaml: YAMLNode(parsing: bytes)) }
  }
}
