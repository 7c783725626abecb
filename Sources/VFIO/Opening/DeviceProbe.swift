public import Devices

/// What a device said when it was opened to ask it.
public enum DeviceProbe: Sendable, Hashable {
  /// It was left alone, for these processes hold it.
  case inUse(by: [Int])
  /// It could not be opened.
  case refused(String)
  case answered(Answer)

  /// The answers of a device that could be opened.
  public struct Answer: Sendable, Hashable {
    /// The device's flags and the number of its regions and interrupts.
    public var information: DeviceInformation
    /// The device's interrupts by index: INTx, MSI, MSI-X, error, request.
    public var interrupts: [InterruptInformation]
    /// Empty if the driver cannot migrate.
    public var abilities: MigrationAbilities
    /// `VFIO_DEVICE_FEATURE_DMA_LOGGING_START`: whether the device can log what it writes to.
    public var hasDMALogging: Bool
    /// Whether pre-copy can tell of new initial data (Linux 7.1).
    public var hasReinitialization: Bool
    /// nil if there is no iommufd, or no IOMMU behind the device.
    public var hardware: HardwareInformation?
    /// The width and permissions of its PASIDs.
    public var addressSpaces: AddressSpaceAbilities

    /// What a device answered.
    package init(
      information: DeviceInformation, interrupts: [InterruptInformation],
      abilities: MigrationAbilities, hasDMALogging: Bool, hasReinitialization: Bool,
      hardware: HardwareInformation? = nil,
      addressSpaces: AddressSpaceAbilities = AddressSpaceAbilities()
    ) {
      self.information = information
      self.interrupts = interrupts
      self.abilities = abilities
      self.hasDMALogging = hasDMALogging
      self.hasReinitialization = hasReinitialization
      self.hardware = hardware
      self.addressSpaces = addressSpaces
    }
  }
}

extension HostTree {
  /// Opens a device that nobody holds, asks what it can do, and closes it again.
  ///
  /// vfio-pci resets a function when it is opened, and again when it is closed.
  public func probe(_ device: HostDevice) -> DeviceProbe {
    let holders = holders(of: device)
    guard holders.isEmpty else { return .inUse(by: holders) }
    let open: KernelDevice
    do throws(DeviceOpenError) {
      open = try KernelDevice.open(device, in: kernel, host: self)
    } catch {
      return .refused(Self.reason(error))
    }
    do throws(DeviceError) {
      return .answered(
        DeviceProbe.Answer(
          information: open.information, interrupts: try open.interrupts(),
          abilities: try open.abilities(),
          hasDMALogging: open.file.has(.startDMALogging, for: .set),
          hasReinitialization: open.file.has(.preCopyInformation2, for: .set),
          hardware: open.hardwareInformation, addressSpaces: try open.addressSpaceAbilities()))
    } catch {
      return .refused("\(error)")
    }
  }

  private static func reason(_ error: DeviceOpenError) -> String {
    guard case .device(let cause) = error else { return "\(error)" }
    switch (cause.operation.code, cause.errno) {
    case (.open, .accessDenied), (.open, .notPermitted): return "no permission: \(cause)"
    case (.open, .busy), (.bind, .invalid), (.bind, .busy):
      return "it seems to be in use: \(cause)"
    case (.bind, .notPermitted):
      return "\(cause); one known cause is a host that cannot isolate interrupts "
        + "(allow_unsafe_interrupts of iommufd or vfio_iommu_type1)"
    default: return "\(cause)"
    }
  }

  /// The processes that have a device's file or its group's open, as far as /proc shows them to
  /// this user.
  func holders(of device: HostDevice) -> [Int] {
    let paths = Set([device.devicePath, device.groupPath].compactMap { $0 }.map { root + $0 })
    return ((try? kernel.entries(of: root + "/proc")) ?? []).compactMap(Int.init).filter {
      process in
      let folder = "\(root)/proc/\(process)/fd"
      return ((try? kernel.entries(of: folder)) ?? []).contains { descriptor in
        (try? kernel.link(at: "\(folder)/\(descriptor)")).map(paths.contains) ?? false
      }
    }.sorted()
  }
}

extension KernelDevice {
  /// What the IOMMU says of itself for the device; nil if there is none, or no iommufd to ask.
  public var hardwareInformation: HardwareInformation? {
    guard let iommufd, let deviceID else { return nil }
    return try? iommufd.hardwareInformation(device: deviceID)
  }
}
