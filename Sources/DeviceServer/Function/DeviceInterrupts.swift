import Devices
import VFIOUser

/// The interrupts of a device that signals its client's eventfds by itself, as the kernel's do.
///
/// A message brings at most ``ServedFunction/descriptorLimit`` of the vectors that a guest enables,
/// and the kernel has as many of MSI as the first call names (`VFIO_IRQ_INFO_NORESIZE`). So the
/// eventfds of such a kind are kept: where a message goes on behind them, the kind is turned off,
/// and on again with all.
final class DeviceInterrupts {
  private let device: any InterruptDevice
  private let holdings: ClientHoldings
  /// Of the kinds that cannot be resized and are on, by the kind; nil for a vector without one.
  private var eventfds: [UInt32: [KeptDescriptor?]] = [:]

  init(_ device: any InterruptDevice, _ holdings: ClientHoldings) {
    self.device = device
    self.holdings = holdings
  }

  /// Does what a client asks of a kind.
  func set(
    _ setup: InterruptSetup, of kind: InterruptInformation, _ files: [OwnedDescriptor]
  ) throws(LinuxErrno) {
    // Without descriptors the vectors let go of theirs, which the kernel is told one by one.
    let numbers =
      files.isEmpty ? [Int32](repeating: -1, count: Int(setup.count)) : files.map(\.number)
    guard setup.action == .trigger, kind.flags.contains(.noResize) else {
      return try tell(setup, numbers)
    }
    switch setup.data {
    case .none where setup.count == 0:
      eventfds[setup.index] = nil
      try tell(setup, [])
    case .eventfds: try extend(setup, files, numbers)
    case .none, .booleans: try tell(setup, numbers)
    }
  }

  /// Gives vectors of a kind that cannot be resized their eventfds.
  private func extend(
    _ setup: InterruptSetup, _ files: [OwnedDescriptor], _ numbers: [Int32]
  ) throws(LinuxErrno) {
    let before = eventfds[setup.index] ?? []
    let range = Int(setup.start)..<Int(setup.start) + numbers.count
    var vectors = before
    if vectors.count < range.upperBound {
      vectors += Array(repeating: nil, count: range.upperBound - vectors.count)
    }
    for number in range { vectors[number] = nil }
    for (number, file) in zip(range, files) { vectors[number] = try holdings.keep(file) }
    guard !before.isEmpty, before.count < range.upperBound else {
      try tell(setup, numbers)
      eventfds[setup.index] = vectors
      return
    }
    eventfds[setup.index] = nil
    try tell(InterruptSetup(.trigger, .none, index: setup.index, count: 0), [])
    let all = InterruptSetup(
      .trigger, .eventfds, index: setup.index, count: UInt32(vectors.count))
    try tell(all, vectors.map { $0?.number ?? -1 })
    eventfds[setup.index] = vectors
  }

  private func tell(_ setup: InterruptSetup, _ numbers: [Int32]) throws(LinuxErrno) {
    do throws(DeviceError) {
      try device.set(setup, eventfds: numbers)
    } catch {
      throw error.errno
    }
  }

  /// Turns INTx, MSI and MSI-X off.
  func clear() {
    eventfds = [:]
    for index in 0..<3 as Range<UInt32> {
      // A kind that the function lacks refuses to be turned off.
      try? tell(InterruptSetup(.trigger, .none, index: index, count: 0), [])
    }
  }
}
