import Devices
import PCIConfig
import VFIOUser

extension ServedFunction {
  /// A kind of interrupt, with as many vectors as the guest is shown.
  func interrupt(_ index: UInt32) throws(LinuxErrno) -> InterruptInformation {
    guard index < Self.interruptCount else { throw .invalid }
    let shown = try shownVectors(Int(index))
    if let device = hosted == nil ? device as? any InterruptDevice : nil {
      let kinds = try naming { () throws(DeviceError) in try device.interrupts() }
      guard var kind = kinds.first(where: { $0.index == index }) else {
        return InterruptInformation(index: index, flags: .eventfd, count: 0)
      }
      // Another server's number is not taken on trust.
      kind.count = min(kind.count, shown)
      return kind
    }
    let flags: InterruptInformation.Flags =
      Int(index) == ServedInterrupts.intx ? [.eventfd, .maskable, .automasked] : .eventfd
    return InterruptInformation(index: index, flags: flags, count: shown)
  }

  private func shownVectors(_ index: Int) throws(LinuxErrno) -> UInt32 {
    guard index < ServedInterrupts.error else { return 1 }
    let bytes = try naming { () throws(DeviceError) in
      try configuration.read(0, byteCount: min(256, configuration.byteCount))
    }
    guard let space = try? ConfigSpace(bytes) else { return 0 }
    return space.vectorCount(ofInterrupt: index)
  }

  func set(
    _ setup: InterruptSetup, _ eventfds: [OwnedDescriptor]
  ) throws(LinuxErrno) {
    let kind = try interrupt(setup.index)
    // No more than the guest is shown.
    guard setup.start <= kind.count, setup.count <= kind.count - setup.start,
      eventfds.isEmpty || setup.data == .eventfds && eventfds.count == Int(setup.count)
    else { throw .invalid }
    if setup.action == .unmask, setup.index == ServedInterrupts.intx { counters.unmasks += 1 }
    if let deviceInterrupts {
      return try deviceInterrupts.set(setup, of: kind, eventfds)
    }
    try interrupts.set(setup, of: kind.count, eventfds)
  }

  /// Signals what the device asks for.
  func raiseInterrupts() {
    if isRunning, hosted?.isInterruptPending == true { interrupts.raiseINTx() }
  }
}

extension ConfigSpace {
  /// The vectors of INTx (0), MSI (1) or MSI-X (2) that the function shows.
  fileprivate func vectorCount(ofInterrupt index: Int) -> UInt32 {
    if index == ServedInterrupts.intx { return bytes.count > 0x3d && bytes[0x3d] != 0 ? 1 : 0 }
    let id = CapabilityID(standard: index == ServedInterrupts.msi ? 0x05 : 0x11)
    guard let start = capabilityList.capabilities.first(where: { $0.id == id })?.offset,
      start + 4 <= bytes.count
    else { return 0 }
    let control = UInt32(bytes[start + 2]) | UInt32(bytes[start + 3]) << 8
    return index == ServedInterrupts.msi ? 1 << (control >> 1 & 7) : (control & 0x7ff) + 1
  }
}
