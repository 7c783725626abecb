/// A laid-out profile as planes of bytes: for every bit, its value at reset and who serves it.
public struct ConfigSpaceImage: Sendable, Hashable {
  /// The size of the space: 256 or 4096 bytes.
  public let byteCount: Int
  /// What a guest reads after a reset.
  public private(set) var reset: [UInt8]
  /// The bits that a guest's write changes in the VMM's state.
  public private(set) var writable: [UInt8]
  /// The bits of the VMM's state that a 1 clears.
  public private(set) var clearable: [UInt8]
  /// The bits that read as 0 and ask for something when written 1.
  public private(set) var trigger: [UInt8]
  /// The bits that a write also passes to the device.
  public private(set) var forwarded: [UInt8]
  /// The bits that a read takes from the device.
  public private(set) var device: [UInt8]
  /// The bits of `device` that a write reaches.
  public private(set) var deviceWritable: [UInt8]
  /// The device's bits that a 1 clears; a write to their neighbours writes 0 there.
  public private(set) var hardwareClear: [UInt8]
  /// The raw value of ``ConfigWriteEffects`` of each byte.
  public private(set) var effects: [UInt8]
  /// The device's byte behind each byte with device bits, as an index into `anchors`; -1 for none.
  public private(set) var anchorIndex: [Int16]
  /// The places on the device that bytes of the space stand for.
  public private(set) var anchors: [ProfileRegister.Counterpart]

  init(byteCount: Int, _ registers: [PlacedRegister]) {
    self.byteCount = byteCount
    let zeros = [UInt8](repeating: 0, count: byteCount)
    reset = zeros
    writable = zeros
    clearable = zeros
    trigger = zeros
    forwarded = zeros
    device = zeros
    deviceWritable = zeros
    hardwareClear = zeros
    effects = zeros
    anchorIndex = Array(repeating: -1, count: byteCount)
    anchors = []
    for register in registers { add(register) }
  }

  private mutating func add(_ register: PlacedRegister) {
    for index in 0..<register.byteCount where register.offset + index < byteCount {
      let byte = register.offset + index
      reset[byte] = PlacedRegister.byte(index, of: register.reset)
      hardwareClear[byte] = PlacedRegister.byte(index, of: register.hardwareClear)
      for part in register.parts {
        let bits = PlacedRegister.byte(index, of: part.bits)
        guard bits != 0 else { continue }
        add(bits, part.access, at: byte)
        effects[byte] |= part.effect.rawValue
        guard part.access.needsDevice, let counterpart = part.counterpart else { continue }
        anchorIndex[byte] = anchor(counterpart.advanced(by: index))
      }
      reset[byte] &= ~trigger[byte]
    }
  }

  private mutating func add(_ bits: UInt8, _ access: BitAccess, at byte: Int) {
    switch access {
    case .constant: break
    case .emulated: writable[byte] |= bits
    case .forwarded:
      writable[byte] |= bits
      forwarded[byte] |= bits
    case .clearable: clearable[byte] |= bits
    case .trigger: trigger[byte] |= bits
    case .device, .deviceClearable:
      device[byte] |= bits
      deviceWritable[byte] |= bits
    case .deviceReadOnly: device[byte] |= bits
    }
  }

  private mutating func anchor(_ counterpart: ProfileRegister.Counterpart) -> Int16 {
    if let index = anchors.firstIndex(of: counterpart) { return Int16(index) }
    anchors.append(counterpart)
    return Int16(anchors.count - 1)
  }

  /// The bits that a VMM keeps for the guest: those that its state record has to carry.
  public var emulatedBits: [UInt8] { zip(writable, clearable).map { $0 | $1 } }
}

extension ProfileRegister.Counterpart {
  /// The byte `distance` behind this one.
  func advanced(by distance: Int) -> Self {
    switch self {
    case .header(let offset): .header(offset + distance)
    case .absolute(let offset): .absolute(offset + distance)
    case .capability(let id, let instance, let offset):
      .capability(id, instance: instance, offset: offset + distance)
    }
  }
}
