/// The places of virtual functions' registers among the registers of an 82576 (the datasheet's
/// section 8). The two of VTIVAR are from QEMU's igb_regs.h, because the datasheet has one address
/// for all functions.
enum IgbRegisters {
  static let functionCount = 8
  static let queueStride = 0x40
  static let receiveQueue = 0xc000
  static let transmitQueue = 0xe000
  /// The physical function's view of a virtual function's own registers.
  static let mirror = 0x10000
  static let offload = 0x5ad0
  static let vectors = 0x11700
  static let throttle = 0x1680

  // PVTCTRL, PVTEICS, PVTEIMS, PVTEIMC, PVTEIAC, PVTEIAM, PVTEICR.
  private static let control = [0x00, 0x20, 0x24, 0x28, 0x2c, 0x30, 0x80]
  /// PVTEIMS, PVTEIAC and PVTEIAM, which a structure of registers alone leaves out.
  static let interruptMasks = [0x24, 0x2c, 0x30]
  // PVFGPRC, GPTC, GORC, GOTC, MPRC, GPRLBC, GPTLBC, GORLBC, GOTLBC.
  static let counters = [0x10, 0x14, 0x18, 0x34, 0x3c, 0x40, 0x44, 0x48, 0x50]
  // V2PMAILBOX, P2VMAILBOX, VMOLR, VMVIR, PSRTYPE, VTIVAR, VTIVAR_MISC.
  private static let arrays = [0xc40, 0xc00, offload, 0x3700, 0x5480, vectors, 0x11720]
  // BAL, BAH, LEN, SRRCTL, H, T, DCTL, CTL, RQDPC.
  private static let receive = [0x00, 0x04, 0x08, 0x0c, 0x10, 0x18, 0x28, 0x14, 0x30]
  // BAL, BAH, LEN, H, T, DCTL, CTL, WBAL, WBAH.
  private static let transmit = [0x00, 0x04, 0x08, 0x10, 0x18, 0x28, 0x14, 0x38, 0x3c]

  /// The addresses of function `number`'s registers, in the order of the state. Any number is
  /// calculated with, as the device does with a saved one.
  static func addresses(of number: Int, in structure: IgbSettings.Structure) -> [Int] {
    let masks = structure == .registers ? interruptMasks : []
    var addresses = (control.filter { !masks.contains($0) } + counters).map {
      mirror + 0x100 * number + $0
    }
    addresses += arrays.map { $0 + 4 * number }
    // Three vectors a function, from the last of the device's 25 down.
    addresses += (22...24).map { throttle + 4 * ($0 - 3 * number) }
    for queue in [number, number + functionCount] {
      addresses += receive.map { receiveQueue + queueStride * queue + $0 }
      addresses += transmit.map { transmitQueue + queueStride * queue + $0 }
    }
    return addresses
  }

  /// The same as the state has them: in words.
  static func offsets(of number: Int, in structure: IgbSettings.Structure) -> [UInt32] {
    addresses(of: number, in: structure).map { UInt32(truncatingIfNeeded: $0 >> 2) }
  }

  /// RAL and RAH of each of the 24 receive addresses: 16 in one array, 8 in another.
  static let addressPlaces: [UInt32] =
    (0..<16).map { 0x5400 / 4 + 2 * $0 } + (0..<8).map { 0x54e0 / 4 + 2 * $0 }
}
