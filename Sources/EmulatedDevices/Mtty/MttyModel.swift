import ByteIO
package import Devices
package import MigrationStream
package import StateTranslation

/// The kernel's sample serial device, byte for byte and errno for errno (samples/vfio-mdev/mtty.c,
/// Linux 6.12.117).
package final class MttyModel: DeviceModel {
  private static let headerByteCount = 24
  // MTTY_IO_BAR_SIZE.
  private static let portByteCount: UInt64 = 8
  private static let magic: UInt64 = 0x7e9d_0989_8c3e_2c4e

  /// One or two.
  package private(set) var ports: [MttyPort]
  private var registers: [UInt8]

  // The file of the save or the resume under way: `filled` bytes of `data` are there, and
  // `position` were moved.
  private var data: [UInt8] = []
  private var filled = 0
  private var position = 0
  private var isSaving = false

  /// A device of one or two ports as the kernel makes it; `text` is sent to the first.
  package init(portCount: Int, text: [UInt8] = []) {
    precondition((1...2).contains(portCount), "an mtty device has one or two ports")
    ports = [MttyPort](repeating: MttyPort(), count: portCount)
    registers = Self.configuration(portCount: portCount)
    if !text.isEmpty { ports[0].send(text) }
  }

  /// Writes a register of a port's UART.
  package func write(_ byte: UInt8, port: Int, register: Int) {
    ports[port].write(byte, to: register)
  }

  /// Reads a register of a port's UART, which for RX takes a byte out; nil if RX has none, and the
  /// driver says nothing.
  package func read(port: Int, register: Int) -> UInt8? { ports[port].read(register) }

  /// Takes a sent byte out of a port's FIFO.
  package func receive(port: Int) -> UInt8? { ports[port].receive() }

  /// All of the device's state, as STOP_COPY hands it out.
  package var image: [UInt8] { header + ports.flatMap(\.bytes) }

  /// Takes the state in `image`; false if it is not of this device.
  package func restore(_ image: [UInt8]) -> Bool {
    guard image.count == stateByteCount, image.starts(with: header) else { return false }
    load(image)
    return true
  }

  // MARK: What it is

  package var driver: String { "mtty" }
  package var abilities: MigrationAbilities { [.stopCopy, .peerToPeer, .preCopy] }
  package var configuration: [UInt8] { registers }
  // A mediated device has no IOMMU behind it.
  package var addressSpaceAbilities: AddressSpaceAbilities { AddressSpaceAbilities() }

  package var pciIdentity: DeviceIdentity.PCIIdentity? {
    DeviceIdentity.PCIIdentity(
      vendorID: 0x4348, deviceID: 0x3253, subsystemVendorID: 0x4348, subsystemID: 0x3253,
      classCode: 0x07_0002, revisionID: 0x10)
  }

  package var regions: [DeviceIdentity.Region] {
    (0..<9 as Range<UInt32>).map { index in
      let isPort = Int(index) < ports.count
      return DeviceIdentity.Region(
        index: index, flags: 3, byteCount: index == 7 ? 255 : isPort ? Self.portByteCount : 0)
    }
  }

  // mtty_create_config_space; the region has 255 bytes.
  private static func configuration(portCount: Int) -> [UInt8] {
    var space = [UInt8](repeating: 0, count: 255)
    func put(_ offset: Int, _ bytes: [UInt8]) {
      space.replaceSubrange(offset..<offset + bytes.count, with: bytes)
    }
    put(0x00, [0x48, 0x43, 0x53, 0x32, 0x01, 0, 0, 0x02, 0x10, 0x02, 0, 0x07])
    put(0x10, [0x01])
    if portCount == 2 { put(0x14, [0x01]) }
    put(0x2c, [0x48, 0x43, 0x53, 0x32])
    put(0x3d, [0x01])
    put(0x40, [0x23, 0, 0, 0x80, 0x23, 0, 0, 0, 0x23, 0, 0, 0, 0x23])
    put(0x60, [UInt8]("PCI Serial/UART".utf8))
    return space
  }

  // mtty_write divides a write into words of four, two and one bytes, each as wide as its place and
  // the rest allow.
  package func writeConfiguration(_ bytes: [UInt8], at offset: Int) {
    var rest = bytes[...]
    var place = offset
    while !rest.isEmpty {
      let width = [4, 2].first { $0 <= rest.count && place.isMultiple(of: $0) } ?? 1
      writeWord(rest.prefix(width), at: place)
      rest.removeFirst(width)
      place += width
    }
  }

  // handle_pci_cfg_write goes by the start of a word, and keeps the interrupt line and the BARs of
  // the device's ports.
  private func writeWord(_ word: ArraySlice<UInt8>, at offset: Int) {
    switch offset {
    case 0x10, 0x14:
      guard (offset - 0x10) / 4 < ports.count else { return }
      // The driver takes four bytes even of a shorter word; the bytes behind it are not defined,
      // and 0 here.
      var address = word.reversed().reduce(0 as UInt32) { $0 << 8 | UInt32($1) }
      if address == .max { address &= ~(UInt32(Self.portByteCount) - 1) }
      // The low bits that were ever set stay.
      address |= UInt32(registers[offset] & 0x03)
      for index in 0..<4 {
        registers[offset + index] = UInt8(truncatingIfNeeded: address >> (8 * index))
      }
    case 0x3c: registers[offset] = word[word.startIndex]
    default: break
    }
  }

  // MARK: Migration

  private var stateByteCount: Int { Self.headerByteCount + MttyPort.byteCount * ports.count }
  package var stateByteLimit: Int { stateByteCount }

  private var header: [UInt8] {
    var writer = ByteWriter(reserving: Self.headerByteCount)
    writer.little(Self.magic)
    for value in [1, 0, UInt32(ports.count), 0] as [UInt32] { writer.little(value) }
    return writer.bytes
  }

  private func load(_ image: [UInt8]) {
    for index in ports.indices {
      let start = Self.headerByteCount + MttyPort.byteCount * index
      ports[index] = MttyPort(parsing: image.span.raw.extracting(start..<image.count))
    }
  }

  package func take(_ arc: MigrationArc) throws(LinuxErrno) {
    if arc == MigrationArc(.resuming, .stop) {
      // mtty_load_state; the device stays in RESUMING.
      guard filled >= stateByteCount else { throw .invalid }
      load(data)
    }
    if arc.closesChannel { reset() }
    guard arc.opensChannel || arc.to == .stopCopy else { return }
    if arc.to == .resuming {
      data = [UInt8](repeating: 0, count: stateByteCount)
    } else if !isSaving {
      data = header
      isSaving = true
    }
    if arc.to == .stopCopy { data = header + ports.flatMap(\.bytes) }
    filled = isSaving ? data.count : 0
  }

  package func read(
    into span: inout MutableRawSpan, in state: MigrationState
  ) throws(LinuxErrno) -> Int {
    let count = min(span.byteCount, filled - position)
    span.copy(data.span.raw.extracting(position..<position + count))
    position += count
    return count
  }

  package func write(_ bytes: RawSpan) throws(LinuxErrno) -> Int {
    let count = bytes.byteCount
    guard count <= stateByteCount - position else { throw .outOfMemory }
    data.replaceSubrange(position..<position + count, with: [UInt8](bytes))
    let wasShort = filled < Self.headerByteCount
    // Both move on even if the header is refused, and it is checked only once.
    position += count
    filled += count
    if wasShort, filled >= Self.headerByteCount, !data.starts(with: header) { throw .fault }
    return count
  }

  package func preCopyInformation() throws(LinuxErrno) -> PreCopyInformation {
    PreCopyInformation(initialByteCount: UInt64(filled - position), dirtyByteCount: 0)
  }

  package func stopCopyByteCount() throws(LinuxErrno) -> UInt64 { UInt64(stateByteCount) }

  package var facts: DeviceFacts {
    var facts = DeviceFacts()
    facts.driver = driver
    facts.layouts = ["mtty"]
    facts.mtty = DeviceFacts.Mtty()
    facts.mtty?.portCount = ports.count
    return facts
  }

  package var digest: String { EmulatedDevices.digest(of: image) }

  // handle_bar_read and handle_bar_write go by the first byte of an access.
  package func read(region: UInt32, at offset: UInt64, byteCount: Int) -> [UInt8]? {
    guard Int(region) < ports.count else { return nil }
    var bytes = [UInt8](repeating: 0, count: byteCount)
    if byteCount > 0 { bytes[0] = read(port: Int(region), register: Int(offset)) ?? 0 }
    return bytes
  }

  package func write(_ bytes: [UInt8], region: UInt32, at offset: UInt64) -> Bool {
    guard Int(region) < ports.count else { return false }
    if let byte = bytes.first { write(byte, port: Int(region), register: Int(offset)) }
    return true
  }

  /// As a 16550's line is: as long as a port has something to say.
  package var isInterruptPending: Bool { ports.contains(where: \.isInterruptPending) }

  // mtty_disable_files; the registers stay as they are.
  package func reset() {
    data = []
    (filled, position, isSaving) = (0, 0, false)
  }
}

extension EmulatedFamily {
  static let mtty = EmulatedFamily(
    name: "mtty",
    parameters: [
      "ports=1|2",
      "text=TEXT",
      "file=F",
    ],
    summary:
      "the kernel's sample serial device; TEXT stands in its FIFO, and F keeps the device between commands",
    samples: [
      "ports=1&text=one",
      "ports=2&text=two",
    ]
  ) { (values) throws(DeviceURI.Malformed) in
    let ports = try values.choice("ports", [("1", 1), ("2", 2)])
    let text = try values.one("text", "at most 16 bytes") { (text) -> [UInt8]? in
      text.utf8.count <= 16 ? [UInt8](text.utf8) : nil
    }
    return MttyModel(portCount: ports ?? 1, text: text ?? [])
  }
}
