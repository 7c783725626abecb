public import PCIConfig

extension HostFunction {
  /// What an operator says of the functions of a dump.
  public struct Facts: Sendable {
    /// The physical function of the virtual ones.
    public var physicalFunction: ConfigSpace?
    /// The ids of a virtual function whose physical function is not at hand.
    public var identity: (vendor: UInt16, device: UInt16)?
    /// The sizes in bytes of BARs that the operator knows, by index.
    public var barSizes: [Int: UInt64]

    /// Facts for every function of a dump; what is left out is read from the dump.
    public init(
      physicalFunction: ConfigSpace? = nil, identity: (vendor: UInt16, device: UInt16)? = nil,
      barSizes: [Int: UInt64] = [:]
    ) {
      self.physicalFunction = physicalFunction
      self.identity = identity
      self.barSizes = barSizes
    }
  }

  /// The functions of a dump. A virtual function finds its physical one in `facts`, else in the
  /// dump; a physical function whose virtual ones are in the dump is there for them, and left out
  /// unless `slot` asks for it.
  ///
  /// - Throws: `PCIConfigError` with code `noDevice`, or `noBAR` if `facts` has the size of a BAR
  ///   that a function has not.
  public static func functions(
    in dump: ConfigSpaceDump, slot: String?, name: String, facts: Facts
  ) throws(PCIConfigError) -> [HostFunction] {
    let parents = dump.physicalFunctions
    var used: [DumpedDevice] = []
    var functions: [(device: DumpedDevice, function: HostFunction)] = []
    for device in try dump.devices(at: slot) {
      let label = device.address.map { "\($0)" } ?? name
      var parent: ConfigSpace?
      if isVirtual(device.space) {
        let found = facts.physicalFunction == nil ? Self.parent(of: device, among: parents) : nil
        if let found { used.append(found) }
        parent = facts.physicalFunction ?? found?.space
      }
      if !facts.barSizes.isEmpty, parent != nil || !isVirtual(device.space) {
        do throws(PCIConfigError) {
          try device.space.requireBARs(
            facts.barSizes.keys.sorted(), besides: device.barSizes.keys,
            ofVirtualFunctionOf: parent)
        } catch {
          throw PCIConfigError(error.code, "\(label): \(error.message)")
        }
      }
      functions.append(
        (
          device,
          HostFunction(
            device.space, label: label, address: device.address, physicalFunction: parent,
            identity: facts.identity,
            barSizes: device.barSizes.merging(facts.barSizes) { $1 },
            hiddenCapabilities: device.hiddenCapabilities)
        ))
    }
    guard slot == nil else { return functions.map(\.function) }
    return functions.filter { entry in
      !used.contains { $0.line == entry.device.line && $0.address == entry.device.address }
    }.map(\.function)
  }

  private static func isVirtual(_ space: ConfigSpace) -> Bool {
    !space.isAllOnes && space.u32(at: 0) == 0xffff_ffff
  }

  /// The physical function whose SR-IOV capability numbers the device among its own (PCIe 9.3.3.9);
  /// the only one of the dump if addresses do not say.
  private static func parent(
    of device: DumpedDevice, among parents: [DumpedDevice]
  ) -> DumpedDevice? {
    guard let address = device.address else { return parents.count == 1 ? parents[0] : nil }
    for parent in parents {
      guard let place = parent.address, place.domain == address.domain,
        let capability = parent.space.capabilityList.first(.singleRootIOV),
        let offset = parent.space.u16(at: capability.offset + 0x14),
        let stride = parent.space.u16(at: capability.offset + 0x16),
        let count = parent.space.u16(at: capability.offset + 0x0e)
      else { continue }
      let distance = routingID(address) - routingID(place) - Int(offset)
      guard distance >= 0 else { continue }
      if distance == 0
        || (stride > 0 && distance % Int(stride) == 0 && distance / Int(stride) < Int(count))
      {
        return parent
      }
    }
    return parents.count == 1 ? parents[0] : nil
  }

  private static func routingID(_ address: PCIAddress) -> Int {
    Int(address.bus) << 8 | Int(address.device) << 3 | Int(address.function)
  }
}

extension ConfigSpaceDump {
  fileprivate var physicalFunctions: [DumpedDevice] {
    devices.filter { $0.space.capabilityList.first(.singleRootIOV) != nil }
  }

  /// The only function with SR-IOV, for virtual functions of other dumps.
  ///
  /// - Throws: `PCIConfigError` with code `noDevice` if there is none or another.
  public func physicalFunction() throws(PCIConfigError) -> ConfigSpace {
    let functions = physicalFunctions
    guard functions.count == 1 else {
      throw PCIConfigError(
        .noDevice, "expected one function with SR-IOV, found \(functions.count)")
    }
    return functions[0].space
  }
}
