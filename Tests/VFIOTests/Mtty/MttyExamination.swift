import ByteIO
import Devices
import MigrationStream
import Testing

/// Calls of a device of mtty, always the same, and what it answers to each: results, bytes or
/// errno, a line for each case.
///
/// Left out is what the driver does not define: a RX register with nothing to receive, words
/// shorter than a BAR written to it, and ports that the device does not have.
final class MttyExamination {
  let serial: MttyDevice
  private(set) var answers: [String] = []

  init(_ serial: MttyDevice) { self.serial = serial }

  var device: any MigratableDevice & ConfigurableDevice & PASIDDevice { serial.device }

  /// Makes all of the calls of a device that is as new.
  func run() throws {
    identify()
    try configure()
    try useRegisters()
    try changeStates()
    try save()
    try resume()
  }

  /// Notes what was asked and what came.
  func note(_ question: String, _ answer: String) { answers.append("\(question): \(answer)") }

  /// What `body` gives as text, or its errno.
  func answer(_ body: () throws(DeviceError) -> String) -> String {
    do throws(DeviceError) { return try body() } catch { return error.errno.symbol }
  }

  /// RUNNING, with no channel open.
  func restart() throws {
    try device.reset()
    #expect(try device.state() == .running)
  }

  // MARK: What it is

  private func identify() {
    note("driver", answer { () throws(DeviceError) in try device.identity().driver ?? "unknown" })
    note(
      "PCI",
      answer { () throws(DeviceError) in
        guard let pci = try device.identity().pci else { return "none" }
        return [
          hex(pci.vendorID, digits: 4), hex(pci.deviceID, digits: 4),
          hex(pci.subsystemVendorID ?? 0, digits: 4), hex(pci.subsystemID ?? 0, digits: 4),
          hex(pci.classCode ?? 0, digits: 6), hex(pci.revisionID ?? 0, digits: 2),
        ].joined(separator: " ")
      })
    note(
      "regions",
      answer { () throws(DeviceError) in
        try device.identity().regions.map { "\($0.index):\($0.flags):\($0.byteCount)" }
          .joined(separator: " ")
      })
    note("abilities", answer { () throws(DeviceError) in "\(try device.abilities())" })
    note("state", answer { () throws(DeviceError) in "\(try device.state())" })
    note("size", size)
    note(
      "address spaces",
      answer { () throws(DeviceError) in
        let abilities = try device.addressSpaceAbilities()
        return "\(abilities.pasidWidth) bits, \(abilities.permissions.rawValue), "
          + "\(abilities.nestedDataTypes.sorted()), \(abilities.hasFaultQueue)"
      })
    note(
      "domain",
      answer { () throws(DeviceError) in
        try device.allocate([PASIDTable.Domain(id: 0)])
        return "allocated"
      })
  }

  var size: String { answer { () throws(DeviceError) in "\(try device.stopCopyByteCount())" } }

  // MARK: State, whole

  /// What the device holds, as STOP_COPY hands it out; it runs afterwards.
  func image() throws -> [UInt8] {
    let channel = try #require(try device.transition(to: .stopCopy))
    let bytes = try channel.take(4096)
    _ = try device.transition(to: .running)
    return bytes
  }

  /// Has the device take `image`; it runs afterwards.
  func load(_ image: [UInt8]) throws {
    let channel = try #require(try device.transition(to: .resuming))
    _ = try channel.give(image)
    _ = try device.transition(to: .running)
  }
}

extension MigrationChannel {
  /// Reads once, up to `count` bytes.
  func take(_ count: Int) throws(DeviceError) -> [UInt8] {
    var buffer = ByteBuffer(capacity: max(count, 1))
    _ = try buffer.fill(limit: count) { (span) throws(DeviceError) in try read(into: &span) }
    return [UInt8](buffer.bytes)
  }

  func give(_ bytes: [UInt8]) throws(DeviceError) -> Int { try write(bytes.span.raw) }
}
