import ByteIO
import Devices
import TestSupport

extension MttyExamination {
  /// Uses the registers of each port as guests do, and as none does.
  func useRegisters() throws {
    for port in 0..<serial.portCount {
      try readRegisters(port)
      try fill(port)
      for seed in 0..<6 as Range<UInt64> { try useAtRandom(port, seed: seed) }
    }
  }

  /// A guest's driver sets a line up, sends more than the FIFO takes, and receives.
  private func fill(_ port: Int) throws {
    var dialogue = Dialogue(serial, port)
    for (register, byte) in [(3, 0x83), (0, 0x0c), (1, 0x01), (0, 0x30)] as [(Int, UInt8)] {
      try dialogue.write(byte, to: register)
    }
    for register in 0..<2 { try dialogue.read(register) }
    for (register, byte) in [(3, 3), (2, 0xc7), (1, 0x0f), (4, 0x2b)] as [(Int, UInt8)] {
      try dialogue.write(byte, to: register)
    }
    for count in 0..<18 as Range<UInt8> {
      try dialogue.write(0x40 + count, to: 0)
      for register in [2, 5, 6] { try dialogue.read(register) }
    }
    note("port \(port), a FIFO filled", dialogue.text)
    note("port \(port), its state", hex(try image()))
    dialogue = Dialogue(serial, port)
    // A full FIFO is taken for an empty one; cleared and filled by fewer, it gives them back.
    for limit in [0x01, 0x00] as [UInt8] {
      try dialogue.write(limit | 0x02, to: 2)
      for byte in 0..<3 as Range<UInt8> { try dialogue.write(byte, to: 0) }
      for _ in 0..<4 {
        for register in [0, 2, 5, 6] { try dialogue.read(register) }
      }
    }
    note("port \(port), a FIFO read", dialogue.text)
    note("port \(port), its state", hex(try image()))
  }

  private func useAtRandom(_ port: Int, seed: UInt64) throws {
    var random = SplitMix64(seed: seed)
    for _ in 0..<12 {
      var dialogue = Dialogue(serial, port)
      for _ in 0..<40 {
        let register = Int.random(in: 0..<8, using: &random)
        if Bool.random(using: &random) {
          try dialogue.read(register)
        } else {
          var byte = UInt8.random(in: .min ... .max, using: &random)
          // With the divisor shown nothing goes to the FIFO: seldom, then.
          if register == 3, !Int.random(in: 0..<4, using: &random).isMultiple(of: 4) {
            byte &= 0x7f
          }
          try dialogue.write(byte, to: register)
        }
      }
      note("port \(port), seed \(seed)", dialogue.text)
    }
    note("port \(port), seed \(seed), state", hex(try image()))
  }

  private func readRegisters(_ port: Int) throws {
    var dialogue = Dialogue(serial, port)
    for register in 0..<8 { try dialogue.read(register) }
    note("port \(port), registers", dialogue.text)
  }
}

extension MttyExamination {
  /// What was written (`3<83`) to the registers of a port and read (`5>60`) from them.
  private struct Dialogue {
    let serial: MttyDevice
    let port: Int
    private(set) var text = ""

    init(_ serial: MttyDevice, _ port: Int) {
      self.serial = serial
      self.port = port
    }

    mutating func write(_ byte: UInt8, to register: Int) throws(LinuxErrno) {
      try serial.write(byte, port, register)
      add("\(register)<\(hex(byte, digits: 2))")
    }

    /// RX is read only where there is something: a byte received, or the divisor.
    mutating func read(_ register: Int) throws(LinuxErrno) {
      if register == 0, try serial.read(port, 3) & 0x80 == 0, try serial.read(port, 5) & 1 == 0 {
        return add("0>")
      }
      add("\(register)>\(hex(try serial.read(port, register), digits: 2))")
    }

    private mutating func add(_ part: String) { text += (text.isEmpty ? "" : " ") + part }
  }
}
