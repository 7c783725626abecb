import ByteIO

/// One port of the kernel's sample serial device (`struct serial_port`, samples/vfio-mdev/mtty.c).
///
/// Bytes written to the port stay in its FIFO until they are read back.
package struct MttyPort: Sendable, Hashable {
  static let byteCount = 36
  private static let fifoByteCount: UInt8 = 16

  private var registers = [UInt8](repeating: 0, count: 8)
  private var fifo = [UInt8](repeating: 0, count: 16)
  private var head: UInt8 = 0
  private var tail: UInt8 = 0
  private var count: UInt8 = 0
  private var isDivisorShown: UInt8 = 0
  private var hasOverrun: UInt8 = 0
  private var padding: [UInt8] = [0, 0]
  private var divisor: UInt16 = 0
  private var fifoControl: UInt8 = 0
  private var fifoLimit = fifoByteCount
  private var triggerLevel: UInt8 = 0

  init() {}

  /// The port in the first 36 of `bytes`, none of which the driver checks.
  init(parsing bytes: RawSpan) {
    registers = (0..<8).map { bytes[byte: $0] }
    fifo = (8..<24).map { bytes[byte: $0] }
    head = bytes[byte: 24]
    tail = bytes[byte: 25]
    count = bytes[byte: 26]
    isDivisorShown = bytes[byte: 27]
    hasOverrun = bytes[byte: 28]
    divisor = bytes.little(UInt16.self, at: 30)
    fifoControl = bytes[byte: 32]
    fifoLimit = bytes[byte: 33]
    triggerLevel = bytes[byte: 34]
    padding = [bytes[byte: 29], bytes[byte: 35]]
  }

  var bytes: [UInt8] {
    var writer = ByteWriter(reserving: Self.byteCount)
    writer.append(registers + fifo + [head, tail, count, isDivisorShown, hasOverrun, padding[0]])
    writer.little(divisor)
    writer.append([fifoControl, fifoLimit, triggerLevel, padding[1]])
    return writer.bytes
  }

  /// Writes a register of the UART (16550: TX 0, IER 1, FCR 2, LCR 3, MCR 4, SCR 7), as
  /// `handle_bar_write` does.
  mutating func write(_ byte: UInt8, to register: Int) {
    switch register {
    case 0 where isDivisorShown != 0: divisor |= UInt16(byte)
    case 0:
      guard count < fifoLimit else {
        hasOverrun = 1
        return
      }
      fifo[Int(head & 15)] = byte
      count += 1
      head = (head + 1) & 15
      hasOverrun = 0
    case 1 where isDivisorShown != 0: divisor |= UInt16(byte) << 8
    case 1, 4, 7: registers[register] = byte
    case 2:
      fifoControl = byte
      if byte & 0x06 != 0 { (count, head, tail) = (0, 0, 0) }
      fifoLimit = byte & 0x01 != 0 ? Self.fifoByteCount : 1
      // The driver looks at the level asked for, and sets 1 whatever it is.
      triggerLevel = 1
    case 3:
      isDivisorShown = byte >> 7
      if isDivisorShown != 0 { divisor = 0 }
      registers[3] = byte
    default: break
    }
  }

  /// Whether the driver takes the FIFO for empty. It compares head and tail, so a full one counts
  /// as empty too.
  private var isEmpty: Bool { head == tail }

  /// Takes a byte from the FIFO, as reading RX does; nil if it counts as empty.
  mutating func receive() -> UInt8? {
    guard !isEmpty else { return nil }
    defer {
      count &-= 1
      tail = (tail + 1) & 15
    }
    return fifo[Int(tail & 15)]
  }

  /// Reads a register of the UART (16550: RX 0, IER 1, IIR 2, LCR 3, MCR 4, LSR 5, MSR 6, SCR 7),
  /// as `handle_bar_read` does.
  ///
  /// Nil from RX if there is nothing: the driver then leaves its buffer as it was.
  mutating func read(_ register: Int) -> UInt8? {
    switch register {
    case 0: isDivisorShown != 0 ? UInt8(truncatingIfNeeded: divisor) : receive()
    case 1: isDivisorShown != 0 ? UInt8(divisor >> 8) : registers[1] & 0x0f
    case 2: interruptIdentification
    case 5:
      // DR, or THRE and TEMT; OE.
      (isEmpty ? 0x60 : 0x01) | (hasOverrun != 0 ? 0x02 : 0)
    case 6:
      // DCD, DSR and its change; CTS and its change unless flow is controlled (MCR's AFE) and the
      // FIFO is full.
      registers[4] & 0x20 == 0 || count < fifoLimit ? 0xb3 : 0xa2
    case 3, 4, 7: registers[register]
    default: nil
    }
  }

  /// Whether the port asks for an interrupt that it is enabled for, as its IIR says.
  var isInterruptPending: Bool { interruptIdentification & 0x01 == 0 }

  private var interruptIdentification: UInt8 {
    let enabled = registers[1]
    var pending: UInt8 = 0
    if enabled & 0x04 != 0, hasOverrun != 0 { pending |= 0x06 }
    if enabled & 0x01 != 0, count >= triggerLevel { pending |= 0x04 }
    if enabled & 0x02 != 0, isEmpty { pending |= 0x02 }
    // The code of a modem status interrupt is 0, so that alone it reads as none.
    return 0xc0 | (pending == 0 ? 0x01 : pending)
  }

  /// Sets the line to 9600 baud and 8 bits, as for the states in corpora/mtty, and sends `text`.
  mutating func send(_ text: [UInt8]) {
    for (register, byte) in [(3, 0x83), (0, 12), (1, 0), (3, 3), (2, 7)] as [(Int, UInt8)] {
      write(byte, to: register)
    }
    for byte in text { write(byte, to: 0) }
  }
}
