import ByteIO
import PCIConfig
public import VirtualPCI

extension QMPClient {
  /// Gives QEMU its half of a device back, which its own stream has not: the addresses, the MSI
  /// registers and the command register, as the guest had written them.
  ///
  /// The VM must be paused. The registers are written through the ports 0xcf8 and 0xcfc, the first
  /// of which the guest may be in the middle of using, so it is put back. `identifier` is the `id=`
  /// of the `-device`; without one the function is found by its ids.
  public func restore(
    _ space: ConfigSpaceState, identifier: String? = nil
  ) throws(QMPError) {
    try restore(space, to: function(taking: space, identifier: identifier))
  }

  /// The same of a function that was found. Signals do not end it half way, and whatever fails, the
  /// port 0xcf8 is put back while there is a monitor.
  func restore(_ space: ConfigSpaceState, to function: Function) throws(QMPError) {
    waitOutSignals()
    guard try !isRunning() else {
      throw .unsuitable("expected a paused VM, found one that runs")
    }
    let registers = try Self.registers(of: space.synthesized)
    let latch = try inPort(0xcf8)
    do throws(QMPError) {
      for register in registers {
        let address =
          0x8000_0000 | UInt32(function.bus) << 16 | UInt32(function.slot) << 11
          | UInt32(function.function) << 8 | UInt32(register.offset)
        try outPort(0xcf8, address)
        try outPort(0xcfc, register.value)
      }
    } catch {
      do throws(QMPError) {
        try outPort(0xcf8, latch)
      } catch _ {
        throw .unsettled(error, "the port 0xcf8 is to have 0x\(hex(latch)) again")
      }
      throw error
    }
    try outPort(0xcf8, latch)
  }

  // Of a conventional function; mtty shows one byte less.
  private static let leastByteCount = 255

  /// The function of the VM that has these ids, and takes what the guest saw of it.
  func function(
    taking space: ConfigSpaceState, identifier: String?
  ) throws(QMPError) -> Function {
    _ = try Self.registers(of: space.synthesized)
    let ids = IDs(space)
    let found = try functions().filter { function in
      identifier.map { $0 == function.identifier } ?? ids.are(of: function)
    }
    return try Self.one(of: found, ids, identifier)
  }

  /// The only one of the functions that were found by ids or identifier.
  private static func one(
    of found: [Function], _ ids: IDs, _ identifier: String?
  ) throws(QMPError) -> Function {
    guard let function = found.first, found.count == 1 else {
      if identifier == nil, found.count > 1 {
        throw .unsuitable(
          "expected one function \(ids) in the VM, found \(found.count); --qdev says which")
      }
      let wanted =
        identifier.map { "a function with the id \($0)" } ?? "a function \(ids) in the VM"
      throw .unsuitable("expected \(wanted), found \(found.isEmpty ? "none" : "\(found.count)")")
    }
    guard ids.are(of: function) else {
      throw .unsuitable(
        "expected a function \(ids), found \(idPair(function.vendorID, function.deviceID))")
    }
    return function
  }

  /// Makes sure that the VM has these devices.
  func require(_ devices: [PausedVM.Device]) throws(QMPError) {
    guard !devices.isEmpty else { return }
    let functions = try functions()
    let process = try process()
    for device in devices {
      let ids = IDs(device.space)
      if let identifier = device.identifier {
        _ = try Self.one(of: functions.filter { $0.identifier == identifier }, ids, identifier)
        continue
      }
      let wanted = devices.count { IDs($0.space) == ids }
      let found = functions.count(where: ids.are)
      guard found >= wanted else {
        throw .unsuitable(
          "\(device.name): expected \(wanted) function\(wanted == 1 ? "" : "s") \(ids) in the VM, "
            + "found \(found == 0 ? "none" : "\(found)")")
      }
      if let process, let client = device.client, client != process {
        throw .unsuitable(
          "\(device.name): expected the monitor of its client, process \(client), found that of "
            + "process \(process); --qdev says that it is its VM's all the same")
      }
    }
  }

  /// The ids of a function, as its guest reads them.
  private struct IDs: Equatable, CustomStringConvertible {
    let vendor: UInt16
    let device: UInt16

    init(_ space: ConfigSpaceState) {
      func half(_ offset: Int) -> UInt16 {
        let bytes = space.synthesized
        guard bytes.count > offset + 1 else { return 0 }
        return UInt16(bytes[offset]) | UInt16(bytes[offset + 1]) << 8
      }
      vendor = half(0)
      device = half(2)
    }

    func are(of function: Function) -> Bool {
      function.vendorID == vendor && function.deviceID == device
    }

    var description: String { idPair(vendor, device) }
  }

  /// The registers that QEMU keeps of a function, four bytes each, in the order in which they are
  /// written: the command register comes last, for it switches on what the others say.
  public static func registers(
    of space: [UInt8]
  ) throws(QMPError) -> [(offset: Int, value: UInt32)] {
    guard space.count >= leastByteCount else {
      throw .unsuitable(
        "expected a configuration space of \(leastByteCount) bytes, found \(space.count)")
    }
    func value(_ offset: Int) -> UInt32 {
      // A register's last bytes may be none of the capability's, nor of the space.
      (offset..<min(offset + 4, space.count)).reduce(0) {
        $0 | UInt32(space[$1]) << UInt32(8 * ($1 - offset))
      }
    }
    var offsets = Array(stride(from: 0x10, to: 0x28, by: 4)) + [0x30, 0x3c]
    if let msi = (try? ConfigSpace(space))?.capabilityList.capabilities.first(where: {
      $0.id == CapabilityID(standard: 0x05)
    })?.offset {
      let control = value(msi) >> 16
      let (is64Bit, isMaskable) = (control & 0x80 != 0, control & 0x100 != 0)
      let end = msi + (is64Bit ? 14 : 10) + (isMaskable ? 10 : 0)
      guard end <= min(space.count, 0x100) else {
        throw .unsuitable(
          "MSI at 0x\(hex(UInt16(truncatingIfNeeded: msi))) is cut by the end of the space")
      }
      // Address, upper address, data; masks if there are any (PCI 3.0, 6.8.1).
      let words = (is64Bit ? 3 : 2) + (isMaskable ? 1 : 0)
      offsets += (1...words).map { msi + 4 * $0 } + [msi]
    }
    return (offsets + [0x04]).map {
      // A 1 written to the status register clears, which nothing is to do here.
      ($0, $0 == 0x04 ? value($0) & 0xffff : value($0))
    }
  }

  private func outPort(_ port: UInt16, _ value: UInt32) throws(QMPError) {
    let said = try say("o/w 0x\(hex(port)) 0x\(hex(value))")
    guard said.allSatisfy(\.isWhitespace) else { throw .refused(command: "o", said) }
  }

  private func inPort(_ port: UInt16) throws(QMPError) -> UInt32 {
    let said = try say("i/w 0x\(hex(port))")
    // As in `portl[0x0cf8] = 0x80002810`.
    guard let text = said.split(separator: "=").last?.split(whereSeparator: \.isWhitespace).first,
      text.hasPrefix("0x"), let value = UInt32(text.dropFirst(2), radix: 16)
    else { throw .malformed("'\(said)' from the port 0x\(hex(port))") }
    return value
  }
}

extension ConfigSpaceState {
  /// Whether the guest has MSI-X switched on, whose table its VMM keeps and nobody else sees.
  public var hasMSIXEnabled: Bool {
    guard
      let start = (try? ConfigSpace(synthesized))?.capabilityList.capabilities.first(where: {
        $0.id == CapabilityID(standard: 0x11)
      })?.offset, start + 4 <= synthesized.count
    else { return false }
    return synthesized[start + 3] & 0x80 != 0
  }
}
