public import MigrationStream
import PCIConfig
public import StreamIO

extension PartDescription {
  /// How many of the files are standard input.
  public var standardInputCount: Int {
    [statePath, configurationPath, pasidPath].count { $0 == "-" }
  }

  /// The device with this number in a stream, whose configuration space is read.
  ///
  /// - Parameters:
  ///   - number: counted from 0.
  ///   - pasids: what is in the file of its PASID bindings.
  ///   - hasAnyConfiguration: whether the space may be one that no function has.
  /// - Throws: `InputError` with cause `space` if not every byte of the space is known, or no
  ///   function has such a space.
  public func part(
    number: UInt16, pasids: PASIDTable?, hasAnyConfiguration: Bool
  ) throws(InputError) -> PartsSource.Part {
    var identity = DeviceIdentity(name: name, driver: driver)
    var configuration: ConfigurationRecord?
    if let path = configurationPath {
      let dump = try ConfigSpaceInput.dump(path)
      do throws(PCIConfigError) {
        let space = try dump.device(at: nil).space
        try Self.requireWhole(space)
        if !hasAnyConfiguration { try Self.requireSound(space) }
        identity.pci = DeviceIdentity.PCIIdentity(space)
        configuration = ConfigurationRecord(physical: space.bytes)
      } catch {
        throw InputError(path, .space(error))
      }
    }
    if let ids {
      identity.pci = DeviceIdentity.PCIIdentity(vendorID: ids.vendor, deviceID: ids.device)
    }
    return PartsSource.Part(
      DeviceIntroduction(
        number: number, identity: identity, configuration: configuration, pasids: pasids),
      statePath: statePath, preCopyByteCount: preCopyByteCount)
  }

  private static func requireWhole(_ space: ConfigSpace) throws(PCIConfigError) {
    guard space.unknownRanges.isEmpty else {
      throw PCIConfigError(
        .dump,
        "expected every byte of a configuration space, found a dump that lacks "
          + space.unknownText)
    }
  }

  /// Refuses bytes with a header or lists that no function has.
  private static func requireSound(_ space: ConfigSpace) throws(PCIConfigError) {
    let contradictions = space.contradictions
    guard let first = contradictions.first else { return }
    let more = contradictions.count > 1 ? " and \(contradictions.count - 1) more" : ""
    throw PCIConfigError(
      .dump,
      "expected the configuration space of a function, found bytes that no function has: "
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
