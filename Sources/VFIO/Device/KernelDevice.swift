private import CVFIO
public import Devices
public import MigrationStream
public import SystemPackage

/// A device of the kernel, open and held.
///
/// It has come through the device's own file and an iommufd, or through its group, or was inherited
/// open. vfio-pci resets a function when it is first opened and when it is last closed, and what is
/// attached goes with the iommufd: whoever is to find a restored device takes its descriptors over
/// (`HandOver`).
public final class KernelDevice: MigratableDevice, FeatureDevice, InterruptDevice {
  public let name: String
  /// The driver that is bound to it, if that is known.
  public let driver: String?
  /// The kernel's release.
  public let release: String
  /// What the driver said of the device when it was opened.
  public let information: DeviceInformation
  public let regions: [RegionInformation]

  let kernel: any KernelInterface
  let file: DeviceFile
  // Variables, as is the address space: an optional constant of a type that cannot be copied cannot
  // be looked into.
  var group: DeviceGroup?
  let iommufd: IOMMUFD?
  /// The number that the iommufd knows the device by.
  public let deviceID: UInt32?
  var addressSpace: IOAddressSpace?
  var domains: DeviceDomains?
  /// Whether somebody else had it open before, and has it still.
  public let isInherited: Bool
  /// Whether the driver resets the device when it is first opened and last closed, and nobody else
  /// has it open.
  ///
  /// vfio-pci does so if a reset works, which is what this flag says
  /// (drivers/vfio/pci/vfio_pci_core.c, vfio_pci_core_enable).
  public var isResetWhenClosed: Bool { !isInherited && information.flags.contains(.reset) }
  private(set) var isHandedOver = false
  // Where the device was last seen, to name an arc by.
  private var lastState = MigrationState.running
  // Whether pre-copy information tells of new initial data; asked for before the first pre-copy
  // after a reset.
  private var tellsReinitialization: Bool?

  init(
    name: String, driver: String?, file: consuming DeviceFile,
    group: consuming DeviceGroup? = nil, iommufd: IOMMUFD? = nil, deviceID: UInt32? = nil,
    addressSpace: consuming IOAddressSpace? = nil, isInherited: Bool = false
  ) throws(DeviceError) {
    kernel = file.kernel
    release = file.kernel.release()
    let information: DeviceInformation
    var regions: [RegionInformation] = []
    do throws(InformationError) {
      information = try file.information()
      guard information.regionCount <= Self.regionLimit,
        information.interruptCount <= Self.regionLimit
      else {
        throw .malformed(
          "expected at most \(Self.regionLimit) regions and interrupts, found "
            + "\(information.regionCount) and \(information.interruptCount)")
      }
      for index in 0..<information.regionCount {
        do throws(InformationError) {
          regions.append(try file.region(index))
        } catch .refused(.invalid) {
          // What vfio-pci says of a region that the function does not have, such as VGA's.
        }
      }
    } catch {
      switch error {
      case .refused(let number): throw DeviceError(.identify, number)
      case .malformed(let reason): throw DeviceError(.identify, .invalid, detail: reason)
      }
    }
    self.name = name
    self.driver = driver
    self.information = information
    self.regions = regions
    self.file = file
    self.group = group
    self.iommufd = iommufd
    self.deviceID = deviceID
    self.addressSpace = addressSpace
    self.isInherited = isInherited
  }

  // More than any driver has; a number of the kernel's is not taken on trust.
  private static let regionLimit: UInt32 = 1024

  deinit {
    // Its owner goes on with an inherited device and with what was attached to it.
    if isInherited { handOver() }
    guard !isHandedOver else { return }
    releaseDomains()
    // So that the address space can be destroyed.
    if addressSpace?.isOwned ?? false { try? file.detach() }
  }

  /// The device's open file.
  public var descriptor: FileDescriptor { file.descriptor }

  /// Leaves device, page tables and attachments to whoever else has the descriptors: nothing of
  /// them is undone when this object goes.
  public func handOver() {
    isHandedOver = true
    iommufd?.handOver()
  }

  /// Runs one of the file's requests, and says of its errno what was attempted.
  func attempt<Result>(
    _ operation: DeviceError.Operation,
    _ body: (borrowing DeviceFile) throws(LinuxErrno) -> Result
  ) throws(DeviceError) -> Result {
    do throws(LinuxErrno) {
      return try body(file)
    } catch {
      throw DeviceError(operation, error)
    }
  }

  // MARK: What it is

  public func identity() throws(DeviceError) -> DeviceIdentity {
    identity(driver: driver)
  }

  /// The device's kinds of interrupts.
  public func interrupts() throws(DeviceError) -> [InterruptInformation] {
    var found: [InterruptInformation] = []
    for index in 0..<information.interruptCount {
      do throws(LinuxErrno) {
        found.append(try file.interrupt(index))
      } catch .invalid {
        // vfio-pci has an index for each kind, and this for those that the function lacks.
      } catch {
        throw DeviceError(.identify, error)
      }
    }
    return found
  }

  public func set(_ setup: InterruptSetup, eventfds: [Int32]) throws(DeviceError) {
    try attempt(.setInterrupts) { (file) throws(LinuxErrno) in
      try file.set(setup, eventfds: eventfds)
    }
  }

  /// Whether the driver has a feature, for reading or setting; nothing is changed.
  ///
  /// The corresponding flag is `VFIO_DEVICE_FEATURE_PROBE`.
  public func has(_ feature: DeviceFeature, for access: DeviceFeature.Access) -> Bool {
    file.has(feature, for: access)
  }

  // MARK: Migration

  public func abilities() throws(DeviceError) -> MigrationAbilities {
    do throws(LinuxErrno) {
      let answer = try file.feature(.migration, .get, cvfio_device_feature_migration())
      return MigrationAbilities(rawValue: answer.flags)
    } catch .notSupportedByDriver {
      return []
    } catch {
      throw DeviceError(.readAbilities, error)
    }
  }

  public func state() throws(DeviceError) -> MigrationState {
    let answer = try attempt(.readState) { (file) throws(LinuxErrno) in
      try file.feature(.migrationState, .get, cvfio_device_feature_mig_state())
    }
    guard let state = MigrationState(rawValue: answer.device_state) else {
      throw DeviceError(
        .readState, .invalid, detail: "expected state 0 to 7, found \(answer.device_state)")
    }
    lastState = state
    return state
  }

  public func transition(
    to target: MigrationState
  ) throws(DeviceError) -> (any MigrationChannel)? {
    if target == .preCopy || target == .preCopyP2P { askForReinitialization() }
    var request = cvfio_device_feature_mig_state()
    request.device_state = target.rawValue
    request.data_fd = -1
    let sent = request
    let answer = try attempt(.transition(MigrationArc(lastState, target))) {
      (file) throws(LinuxErrno) in
      try file.feature(.migrationState, .set, sent)
    }
    lastState = target
    guard answer.data_fd >= 0 else { return nil }
    return KernelChannel(
      FileDescriptor(rawValue: answer.data_fd), in: kernel,
      tellsReinitialization: tellsReinitialization ?? false)
  }

  /// Has the driver tell of new initial data, if the kernel can (from Linux 7.1 on).
  private func askForReinitialization() {
    guard tellsReinitialization == nil else { return }
    guard file.has(.preCopyInformation2, for: .set) else {
      tellsReinitialization = false
      return
    }
    do throws(LinuxErrno) {
      try file.feature(.preCopyInformation2, .set)
      tellsReinitialization = true
    } catch {
      // It is as if the kernel had not offered it.
      tellsReinitialization = false
    }
  }

  public func stopCopyByteCount() throws(DeviceError) -> UInt64 {
    try attempt(.readStopCopySize) { (file) throws(LinuxErrno) in
      try file.feature(.migrationDataSize, .get, cvfio_device_feature_mig_data_size())
    }.stop_copy_length
  }

  public func reset() throws(DeviceError) {
    try attempt(.reset) { (file) throws(LinuxErrno) in try file.reset() }
    lastState = .running
    tellsReinitialization = nil
  }
}
