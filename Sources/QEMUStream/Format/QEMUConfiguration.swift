import ByteIO

/// The configuration section: the machine that a stream is of.
public struct QEMUConfiguration: Sendable, Hashable {
  /// The machine type with its version, such as `pc-q35-9.2`.
  public var machine: String
  /// The number of bits of a page of the target; nil if the stream does not say.
  public var targetPageBits: UInt32?
  /// The names of the enabled capabilities that change the stream's form.
  public var capabilities: [String] = []
  /// The machine's UUID, its 16 bytes.
  public var uuid: [UInt8]?

  /// A machine that says no more than its type.
  public init(machine: String) {
    self.machine = machine
  }

  /// The number of bits of a page; 12, as on x86, if the stream does not say (QEMU
  /// exec/target_page).
  public var pageBits: Int { Int(targetPageBits ?? 12) }
  var ignoresShared: Bool { capabilities.contains("x-ignore-shared") }
  var mapsRAM: Bool { capabilities.contains("mapped-ram") }
}

extension QEMUConfiguration {
  // Names of machines and capabilities are a few dozen characters.
  private static var longestName: UInt32 { 255 }
  private static var mostCapabilities: UInt32 { 256 }

  /// Reads the section behind its type byte (QEMU migration/savevm.c, `vmstate_configuration`).
  init<Source: ByteSource & ~Copyable>(
    parsing input: inout LookaheadBuffer<Source>
  ) throws(QEMUReadError<Source.Failure>) {
    let lengthOffset = input.offset
    let length = try input.big(UInt32.self, "the length of the machine's name")
    guard length <= Self.longestName else {
      throw .stream(
        QEMUStreamError(
          .limitExceeded, at: lengthOffset,
          expected: "a machine's name of at most \(Self.longestName) bytes",
          found: "a length of \(length)"))
    }
    machine = String(
      decoding: try input.array(Int(length), "the machine's name"), as: UTF8.self)
    while try input.ensure(1) > 0, input.bytes[byte: 0] == Self.subsection {
      try readSubsection(from: &input)
    }
  }

  private static var subsection: UInt8 { 5 }

  private mutating func readSubsection<Source: ByteSource & ~Copyable>(
    from input: inout LookaheadBuffer<Source>
  ) throws(QEMUReadError<Source.Failure>) {
    let offset = input.offset
    input.advance(1)
    let name = try input.name("a subsection's name")
    _ = try input.big(UInt32.self, "the version of \(name)")
    switch name {
    case "configuration/target-page-bits":
      let bits = try input.big(UInt32.self, "the bits of a page")
      guard (10...16).contains(bits) else {
        throw .stream(
          QEMUStreamError(
            .malformed, at: input.offset - 4, expected: "a page of 10 to 16 bits",
            found: "\(bits)"))
      }
      targetPageBits = bits
    case "configuration/capabilities":
      let count = try input.big(UInt32.self, "the number of capabilities")
      guard count <= Self.mostCapabilities else {
        throw .stream(
          QEMUStreamError(
            .limitExceeded, at: input.offset - 4,
            expected: "at most \(Self.mostCapabilities) capabilities", found: "\(count)"))
      }
      for _ in 0..<count { capabilities.append(try input.name("a capability")) }
    case "configuration/uuid":
      uuid = try input.array(16, "the machine's UUID")
    default:
      throw .stream(
        QEMUStreamError(
          .unsupported, at: offset,
          expected: "a subsection of the configuration that this version knows",
          found: "'\(name)', whose size nothing tells"))
    }
  }
}
