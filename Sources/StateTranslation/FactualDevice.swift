public import Devices
package import MigrationStream
import PCIConfig
public import StateLayout

/// A device that knows the facts which decide whether it can take a state, and that can be asked
/// about a state without being given it.
public protocol FactualDevice: MigratableDevice {
  /// The facts that a translation to the device goes by.
  var facts: DeviceFacts { get }

  /// The error with which the device would refuse `state`; nil if it would take it. Of a state that
  /// is not whole there are only the first bytes, and nil says that nothing is wrong with them yet.
  ///
  /// The device itself is not touched.
  func refusal<State: StateSource>(
    of state: State, isWhole: Bool
  ) throws(State.Failure) -> DeviceError?
}

extension FactualDevice {
  /// The error with which the device would refuse `state`, all of it; nil if it would take it.
  public func refusal<State: StateSource>(
    of state: State
  ) throws(State.Failure) -> DeviceError? {
    try refusal(of: state, isWhole: true)
  }
}

extension MigratableDevice {
  /// Whether a reset is known to leave nothing of what the device held.
  package var isClearedByReset: Bool {
    let driver = (try? identity())?.driver
    return DriverFamily.all.first { $0.driver == driver }?.isClearedByReset ?? false
  }

  /// What is known of the device as one that is to take state.
  ///
  /// A device of the kernel has its identity, its regions and its configuration space. It tells no
  /// more of what its firmware takes, but a driver with one layout takes no other.
  public func knownFacts() throws(DeviceError) -> DeviceFacts {
    facts(of: try identity(), configuration: try? configurationRegion())
  }

  /// The same of a device that gave its identity already, and its configuration region if it was
  /// asked.
  package func facts(of identity: DeviceIdentity, configuration: [UInt8]?) -> DeviceFacts {
    var facts = DeviceFacts(identity)
    if let device = self as? any FactualDevice {
      var own = device.facts
      own.pci = own.pci ?? facts.pci
      return own
    }
    let layouts = Layout.shipped(of: identity.driver)
    if layouts.count == 1 { facts.layouts = layouts.map(\.name) }
    if let space = configuration.flatMap({ try? ConfigSpace($0) }),
      let capability = space.capabilityList.first(.msix),
      let control = space.load(capability.offset + 2, byteCount: 2)
    {
      // Table Size counts from 0 (PCI 3.0, 6.8.2.3).
      facts.msixVectorCount = Int(control & 0x7ff) + 1
    }
    DriverFamily.all.first { $0.driver == identity.driver }?.read?(identity, &facts)
    return facts
  }
}
