import ByteIO
import Devices

/// A command of a network device's control queue: its class in the low byte, the command in the
/// next (VIRTIO 1.4, 5.1.6.5).
struct VirtioNetControl: RawRepresentable, Sendable, Hashable {
  let rawValue: UInt16

  init(rawValue: UInt16) { self.rawValue = rawValue }
  private init(_ kind: UInt8, _ command: UInt8) { rawValue = UInt16(kind) | UInt16(command) << 8 }

  static let promiscuous = Self(0, 0)
  static let allMulticast = Self(0, 1)
  static let addressTable = Self(1, 0)
  static let address = Self(1, 1)
  static let vlan = Self(2, 0)
  static let pairs = Self(4, 0)

  private static let receive = (0...5).map { Self(0, UInt8($0)) }
  private static let addressByteCount = 6

  /// The feature that a guest must have negotiated to give the command; nil for unknown commands.
  var feature: VirtioNetSettings.Features? {
    switch self {
    case _ where Self.receive.contains(self): .controlReceive
    case .addressTable: .controlReceive
    case .address: .controlAddress
    case .vlan: .controlVLAN
    case .pairs: .multiqueue
    default: nil
    }
  }

  /// The fault of `data` for the command; nil if it has none.
  func defect(in data: [UInt8], _ settings: VirtioNetSettings) -> LinuxErrno? {
    switch self {
    case .address: return data.count == Self.addressByteCount ? nil : .invalid
    case .addressTable: return Self.tableDefect(data, settings)
    // The whole table of identifiers, each in two bytes.
    case .vlan: return data.count.isMultiple(of: 2) && data.count <= 2 * 4096 ? nil : .invalid
    case .pairs:
      guard data.count == 2 else { return .invalid }
      let count = Int(data.span.raw.little(UInt16.self, at: 0))
      return (1...settings.pairCount).contains(count) ? nil : .invalid
    default: return data.count == 1 && data[0] <= 1 ? nil : .invalid
    }
  }

  // Two tables, unicast and multicast: a count of four bytes, then the addresses.
  private static func tableDefect(
    _ data: [UInt8], _ settings: VirtioNetSettings
  ) -> LinuxErrno? {
    var reader = ByteReader(data.span.raw)
    do throws(ByteError) {
      for _ in 0..<2 {
        let count = Int(try reader.little(UInt32.self))
        if count > settings.addressLimit { return .noSpace }
        try reader.skip(addressByteCount * count)
      }
    } catch {
      return .invalid
    }
    return reader.isAtEnd ? nil : .invalid
  }

  /// The commands that a guest's driver gives when it sets the function up and joins a few
  /// networks.
  static func commands(
    _ settings: VirtioNetSettings, _ negotiated: VirtioNetSettings.Features,
    _ workload: inout GuestWorkload
  ) -> [VirtioNetState.Control] {
    var controls: [VirtioNetState.Control] = []
    func add(_ selector: Self, _ data: [UInt8]) {
      guard let feature = selector.feature, negotiated.contains(feature) else { return }
      controls.append(VirtioNetState.Control(selector: selector, data: data))
    }
    func address(_ first: UInt8) -> [UInt8] {
      [first] + (0..<5).map { _ in UInt8(truncatingIfNeeded: workload.next()) }
    }
    add(.promiscuous, [0])
    add(.allMulticast, [UInt8(workload.index(below: 2))])
    var table = ByteWriter()
    let count = workload.index(below: min(settings.addressLimit, 4) + 1)
    table.little(0 as UInt32)
    table.little(UInt32(count))
    for _ in 0..<count { table.append(address(0x33)) }
    add(.addressTable, table.bytes)
    add(.address, address(0x52))
    let networks = (0..<workload.index(below: 4)).map { _ in 1 + workload.index(below: 4094) }
    var vlans = ByteWriter()
    for network in Set(networks).sorted() { vlans.little(UInt16(network)) }
    add(.vlan, vlans.bytes)
    var pairs = ByteWriter()
    pairs.little(UInt16(1 + workload.index(below: settings.pairCount)))
    add(.pairs, pairs.bytes)
    return controls
  }
}
