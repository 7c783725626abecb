import Inputs
import Migration
import MigrationStream
import PCIConfig
import StreamIO
import YAMLReader

extension PartDescription {
  /// The files that are standard input.
  var standardInputCount: Int {
    [statePath, configurationPath, pasidPath].count { $0 == "-" }
  }

  /// The device with this number in the stream, its configuration space and PASID table read.
  ///
  /// - Parameter hasAnyConfiguration: whether the space may be one that no function has.
  func part(number: UInt16, hasAnyConfiguration: Bool) throws -> PartsSource.Part {
    var identity = DeviceIdentity(name: name, driver: driver)
    let space = try configurationPath.map { path in
      let space = try configurationSpace(of: path)
      if !hasAnyConfiguration { try Self.requireSound(space, of: path) }
      return space
    }
    identity.pci = space.flatMap(DeviceIdentity.PCIIdentity.init)
    if let ids {
      identity.pci = DeviceIdentity.PCIIdentity(vendorID: ids.vendor, deviceID: ids.device)
    }
    return PartsSource.Part(
      DeviceIntroduction(
        number: number, identity: identity,
        configuration: space.map { ConfigurationRecord(physical: $0.bytes) },
        pasids: try pasidPath.map(PASIDTable.init(file:))),
      statePath: statePath, preCopyByteCount: preCopyByteCount)
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
