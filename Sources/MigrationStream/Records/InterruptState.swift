/// The interrupts of a function as its guest programmed them.
///
/// No VFIO stream carries this: the kernel holds no guest's vectors. A VMM (or QEMU's stream) knows
/// it.
public struct InterruptState: Sendable, Hashable {
  /// Which of INTA…INTD are asserted: bits 0 to 3.
  public var assertedPins: UInt8?
  /// The guest's MSI registers; nil if the function has none.
  public var msi: MSI?
  /// The guest's MSI-X table; nil if the function has none.
  public var msix: MSIX?
  /// Optional fields of later versions, kept so that a copy has them too.
  public var unknownFields: UnknownFields = []

  /// The registers of the MSI capability (PCI Local Bus Specification 3.0, 6.8.1).
  public struct MSI: Sendable, Hashable {
    /// The Message Control register.
    public var control: UInt16
    /// The Message Address, upper half included.
    public var address: UInt64
    /// The Message Data register.
    public var data: UInt32
    /// The Mask Bits register; 0 without per-vector masking.
    public var maskBits: UInt32
    /// The Pending Bits register; 0 without per-vector masking.
    public var pendingBits: UInt32
    /// Optional fields of later versions, kept so that a copy has them too.
    public var unknownFields: UnknownFields = []

    /// The registers of the MSI capability as the guest programmed them.
    public init(
      control: UInt16, address: UInt64, data: UInt32, maskBits: UInt32 = 0, pendingBits: UInt32 = 0
    ) {
      self.control = control
      self.address = address
      self.data = data
      self.maskBits = maskBits
      self.pendingBits = pendingBits
    }
  }

  /// The MSI-X control register, table and pending bits (PCI Local Bus Specification 3.0, 6.8.2).
  public struct MSIX: Sendable, Hashable {
    /// The Message Control register.
    public var control: UInt16
    /// 16 bytes a vector: address, upper address, data, vector control.
    public var table: [UInt8]
    /// One bit a vector, the lowest first; at least as many bytes as that takes.
    public var pendingBits: [UInt8]
    /// Optional fields of later versions, kept so that a copy has them too.
    public var unknownFields: UnknownFields = []

    /// The MSI-X structures, 16 bytes a vector and one pending bit each.
    public init(control: UInt16, table: [UInt8], pendingBits: [UInt8]) {
      self.control = control
      self.table = table
      self.pendingBits = pendingBits
    }

    /// The number of vectors in the table.
    public var vectorCount: Int { table.count / 16 }
  }

  /// The interrupts of a function; what is nil is not programmed.
  public init(assertedPins: UInt8? = nil, msi: MSI? = nil, msix: MSIX? = nil) {
    self.assertedPins = assertedPins
    self.msi = msi
    self.msix = msix
  }
}

extension InterruptState: MetadataRecord {
  static var recordType: RecordType { .interruptState }
  static var lastKnownTag: UInt32 { 3 }

  init(parsing fields: inout FieldReader, at place: RecordLocation) throws(StreamError) {
    while let field = try fields.next() {
      switch field.tag {
      case 1: assertedPins = try field.integer(UInt8.self)
      case 2: msi = try MSI(parsing: field)
      case 3: msix = try MSIX(parsing: field)
      default: unknownFields.append(try field.unknown())
      }
    }
  }

  func encode(into fields: inout FieldWriter) {
    if let assertedPins { fields.integer(1, assertedPins) }
    if let msi {
      fields.fields(2) { inner in
        inner.integer(1, msi.control)
        inner.integer(2, msi.address)
        inner.integer(3, msi.data)
        inner.integer(4, msi.maskBits)
        inner.integer(5, msi.pendingBits)
        inner.unknown(msi.unknownFields)
      }
    }
    if let msix {
      fields.fields(3) { inner in
        inner.integer(1, msix.control)
        inner.bytes(2, msix.table)
        inner.bytes(3, msix.pendingBits)
        inner.unknown(msix.unknownFields)
      }
    }
    fields.unknown(unknownFields)
  }

  func check(at place: RecordLocation) throws(StreamError) {
    if let assertedPins, assertedPins > 0x0f {
      throw place.error(
        .malformedField, expected: "interrupt pins 0 to 3", found: "bits \(assertedPins)")
    }
    guard let msix else { return }
    let vectors = msix.table.count / 16
    guard msix.table.count % 16 == 0, vectors <= 2048 else {
      throw place.error(
        .malformedField, expected: "an MSI-X table of 16 bytes a vector, at most 2048",
        found: "\(msix.table.count) bytes")
    }
    guard ((vectors + 7) / 8...(vectors + 63) / 64 * 8).contains(msix.pendingBits.count) else {
      throw place.error(
        .malformedField, expected: "a pending bit for each of \(vectors) vectors",
        found: "\(msix.pendingBits.count) bytes")
    }
  }
}

extension InterruptState: CustomStringConvertible {
  /// Whether there is anything to restore.
  public var isProgrammed: Bool { msi != nil || msix != nil || (assertedPins ?? 0) != 0 }

  /// What there is to restore: `20 MSI-X vectors, MSI, INTA` or the like.
  public var description: String {
    guard isProgrammed else { return "none programmed" }
    var parts: [String] = []
    if let count = msix?.vectorCount {
      parts.append("\(count) MSI-X vector\(count == 1 ? "" : "s")")
    }
    if msi != nil { parts.append("MSI") }
    for (bit, pin) in ["INTA", "INTB", "INTC", "INTD"].enumerated()
    where (assertedPins ?? 0) >> bit & 1 == 1 {
      parts.append(pin)
    }
    return parts.joined(separator: ", ")
  }
}

extension InterruptState.MSI {
  init(parsing field: FieldReader.Field) throws(StreamError) {
    self.init(control: 0, address: 0, data: 0)
    var parts = field.fields(lastKnownTag: 5)
    while let part = try parts.next() {
      switch part.tag {
      case 1: control = try part.integer(UInt16.self)
      case 2: address = try part.integer(UInt64.self)
      case 3: data = try part.integer(UInt32.self)
      case 4: maskBits = try part.integer(UInt32.self)
      case 5: pendingBits = try part.integer(UInt32.self)
      default: unknownFields.append(try part.unknown())
      }
    }
  }
}

extension InterruptState.MSIX {
  init(parsing field: FieldReader.Field) throws(StreamError) {
    self.init(control: 0, table: [], pendingBits: [])
    var parts = field.fields(lastKnownTag: 3)
    while let part = try parts.next() {
      switch part.tag {
      case 1: control = try part.integer(UInt16.self)
      case 2: table = part.bytes
      case 3: pendingBits = part.bytes
      default: unknownFields.append(try part.unknown())
      }
    }
  }
}
