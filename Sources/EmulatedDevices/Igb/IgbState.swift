import ByteIO

/// The state that an emulated 82576 holds for one of its virtual functions.
struct IgbState: Sendable, Hashable {
  /// The two registers of a receive address, of the function's pool.
  struct Address: Sendable, Hashable {
    var low: UInt32 = 0
    var high: UInt32 = 0

    static let isValid: UInt32 = 0x8000_0000
    /// The bit of a function's pool. The device does not look at the number before it shifts.
    static func pool(of number: UInt32) -> UInt32 { 0x4_0000 &<< number }
  }

  let structure: IgbSettings.Structure
  let number: Int
  /// In the order of ``IgbRegisters``.
  var registers: [UInt32]
  /// By their place among the device's 24; the model has no addresses of other functions.
  var addresses: [Int: Address] = [:]
  var contexts = [UInt32](
    repeating: 0, count: IgbLayout.queueCount * IgbLayout.contextWordCount)
  var receives = true
  var transmits = true

  /// A function that its guest left alone: its host gave it an address.
  init(_ settings: IgbSettings, _ workload: inout GuestWorkload) {
    structure = settings.structure
    number = settings.number
    registers = IgbRegisters.offsets(of: number, in: structure).map { _ in 0 }
    // Linux's driver of the physical function takes places from the last one down.
    receive(at: IgbRegisters.addressPlaces.count - 1 - number, &workload)
  }

  private mutating func receive(at place: Int, _ workload: inout GuestWorkload) {
    // Locally administered, unicast.
    addresses[place] = Address(
      low: workload.word() & ~0xff | 0x02,
      high: Address.isValid | Address.pool(of: UInt32(number)) | workload.word() & 0xffff)
  }

  /// Does what a guest's driver does.
  mutating func use(_ settings: IgbSettings, _ workload: inout GuestWorkload) {
    var values: [Int: UInt32] = [:]
    for mask in IgbRegisters.interruptMasks { values[IgbRegisters.mirror + mask] = 0x7 }
    for counter in IgbRegisters.counters {
      values[IgbRegisters.mirror + counter] = workload.word() & 0xff_ffff
    }
    values[IgbRegisters.offload] = 0x8900_05f2
    values[IgbRegisters.vectors] = 0x8181_8080
    for vector in 22...24 { values[IgbRegisters.throttle + 4 * vector] = 0x1e8 }
    for queue in [0, IgbRegisters.functionCount] {
      for ring in [IgbRegisters.receiveQueue, IgbRegisters.transmitQueue] {
        let base = ring + IgbRegisters.queueStride * queue
        let address = workload.page()
        values[base] = UInt32(truncatingIfNeeded: address)
        values[base + 0x04] = UInt32(truncatingIfNeeded: address >> 32)
        // A page of 256 descriptors, and the queue enabled.
        values[base + 0x08] = 4096
        values[base + 0x10] = workload.word() & 0xff
        values[base + 0x18] = workload.word() & 0xff
        values[base + 0x28] = 0x0200_0000
      }
    }
    for (index, address) in IgbRegisters.addresses(of: 0, in: structure).enumerated() {
      registers[index] = values[address] ?? 0
    }
    // The physical function keeps the first place.
    for place in 1..<settings.addressCount { receive(at: place, &workload) }
    for queue in 0..<IgbLayout.queueCount {
      let start = queue * IgbLayout.contextWordCount
      for word in 0..<8 { contexts[start + word] = workload.word() }
      // Between two packets: the next descriptor is the first of one.
      contexts[start + 10] = 1
    }
  }

  /// The addresses that the device finds to be the function's, in their order.
  private var ownAddresses: [(place: Int, address: Address)] {
    let pool = Address.pool(of: UInt32(number))
    return addresses.sorted { $0.key < $1.key }.compactMap { place, address in
      address.high & Address.isValid != 0 && address.high & pool != 0 ? (place, address) : nil
    }
  }

  var bytes: [UInt8] {
    var writer = ByteWriter(reserving: structure.byteCount)
    writer.little(IgbLayout.magic)
    writer.little(IgbLayout.version)
    writer.little(UInt32(number))
    writer.little(UInt32(registers.count))
    for (offset, value) in zip(IgbRegisters.offsets(of: number, in: structure), registers) {
      writer.little(offset)
      writer.little(value)
    }
    writer.zeros(to: IgbLayout.addressCount)
    guard structure == .whole else { return writer.bytes }
    writer.little(UInt32(2 * ownAddresses.count))
    for (place, address) in ownAddresses {
      writer.little(IgbRegisters.addressPlaces[place])
      writer.little(address.low)
      writer.little(IgbRegisters.addressPlaces[place] + 1)
      writer.little(address.high)
    }
    writer.zeros(to: IgbLayout.contextCount)
    writer.little(UInt32(IgbLayout.queueCount))
    for word in contexts { writer.little(word) }
    writer.little((receives ? 1 : 0) as UInt32)
    writer.little((transmits ? 1 : 0) as UInt32)
    return writer.bytes
  }

  /// The guest's part of the state, without the places of the function's registers.
  var content: [UInt8] {
    var writer = ByteWriter()
    for value in registers { writer.little(value) }
    guard structure == .whole else { return writer.bytes }
    for (place, address) in ownAddresses {
      writer.little(UInt32(place))
      writer.little(address.low)
      writer.little(address.high & ~Address.pool(of: UInt32(number)))
    }
    for word in contexts { writer.little(word) }
    writer.append([receives ? 1 : 0, transmits ? 1 : 0])
    return writer.bytes
  }
}

extension ByteWriter {
  fileprivate mutating func zeros(to end: Int) {
    append([UInt8](repeating: 0, count: end - count))
  }
}

/// Offsets and values of the state that an emulated 82576 hands out: "MIGB", version 1.
enum IgbLayout {
  static let magic: UInt32 = 0x4d49_4742
  static let version: UInt32 = 1

  static let versionOffset = 4
  static let number = 8
  static let registerCount = 12
  static let registers = 16
  static let addressCount = 528
  static let addresses = 532
  static let contextCount = 916
  static let contexts = 920
  static let receiveEnable = 1016
  static let transmitEnable = 1020

  static let registerLimit = 64
  static let addressRegisterLimit = 48
  static let queueCount = 2
  /// Two context descriptors of four words, and four words of the packet under way.
  static let contextWordCount = 12
}
