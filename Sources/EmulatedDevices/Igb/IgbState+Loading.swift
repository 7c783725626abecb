import ByteIO
import Devices

extension IgbState {
  /// Loads a state as the device does. If the structure is whole, the parts before a refused one
  /// stay loaded.
  mutating func load(_ bytes: [UInt8]) throws(LinuxErrno) {
    let fields = bytes.span.raw
    guard fields.byteCount >= structure.byteCount,
      fields.little(UInt32.self, at: 0) == IgbLayout.magic,
      fields.little(UInt32.self, at: IgbLayout.versionOffset) == IgbLayout.version
    else { throw .inputOutput }
    let saved = fields.little(UInt32.self, at: IgbLayout.number)
    switch structure {
    case .registers: try loadOwn(fields, saved)
    case .whole: try loadMoved(fields, saved)
    }
  }

  private static func pair(_ fields: RawSpan, at offset: Int) -> (offset: UInt32, value: UInt32) {
    (fields.little(UInt32.self, at: offset), fields.little(UInt32.self, at: offset + 4))
  }

  // If anything is refused nothing is loaded.
  private mutating func loadOwn(_ fields: RawSpan, _ saved: UInt32) throws(LinuxErrno) {
    let offsets = IgbRegisters.offsets(of: number, in: structure)
    guard saved == UInt32(number),
      fields.little(UInt32.self, at: IgbLayout.registerCount) == UInt32(offsets.count)
    else { throw .inputOutput }
    let pairs = offsets.indices.map { Self.pair(fields, at: IgbLayout.registers + 8 * $0) }
    guard pairs.map(\.offset) == offsets else { throw .inputOutput }
    registers = pairs.map(\.value)
  }

  private mutating func loadMoved(_ fields: RawSpan, _ saved: UInt32) throws(LinuxErrno) {
    let registerCount = fields.little(UInt32.self, at: IgbLayout.registerCount)
    let addressCount = fields.little(UInt32.self, at: IgbLayout.addressCount)
    guard registerCount <= IgbLayout.registerLimit,
      addressCount <= IgbLayout.addressRegisterLimit
    else { throw .inputOutput }
    // The device has 16 bits for the number.
    let source = IgbRegisters.offsets(
      of: Int(UInt16(truncatingIfNeeded: saved)), in: structure)
    for index in 0..<Int(registerCount) {
      let (offset, value) = Self.pair(fields, at: IgbLayout.registers + 8 * index)
      guard let register = source.firstIndex(of: offset) else { throw .inputOutput }
      registers[register] = value
    }
    for index in 0..<Int(addressCount) {
      let (offset, value) = Self.pair(fields, at: IgbLayout.addresses + 8 * index)
      // The device writes whatever register this is.
      guard let place = IgbRegisters.addressPlaces.firstIndex(of: offset & ~1) else {
        throw .inputOutput
      }
      if offset & 1 == 0 {
        addresses[place, default: Address()].low = value
      } else {
        addresses[place, default: Address()].high =
          value & ~Address.pool(of: saved) | Address.pool(of: UInt32(number))
      }
    }
    guard fields.little(UInt32.self, at: IgbLayout.contextCount) == IgbLayout.queueCount else {
      throw .inputOutput
    }
    for word in contexts.indices {
      contexts[word] = fields.little(UInt32.self, at: IgbLayout.contexts + 4 * word)
    }
    receives = fields.little(UInt32.self, at: IgbLayout.receiveEnable) != 0
    transmits = fields.little(UInt32.self, at: IgbLayout.transmitEnable) != 0
  }
}
