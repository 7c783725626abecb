extension VMDescription.Device {
  /// Reads a member of `devices`.
  init(_ scanner: inout JSONScanner) throws(QEMUStreamError) {
    var name = ""
    var instance: UInt64 = 0
    var digits: [Range<Int>] = []
    var own: UInt64?
    var content = StateSize()
    try scanner.object { (key, scanner) throws(QEMUStreamError) in
      switch key {
      case "name": name = try scanner.string()
      case "instance_id": instance = try scanner.number().value
      case "size":
        let number = try scanner.number()
        own = number.value
        digits.append(number.digits)
      default: try content.readMember(key, &scanner)
      }
    }
    guard let instance = UInt32(exactly: instance) else {
      throw scanner.malformed("an instance of 32 bits")
    }
    self.name = name
    self.instance = instance
    byteCount = content.byteCount
    functionState = content.functionState
    // Only a state that QEMU writes as one buffer has a size of its own.
    sizeDigits = own == content.byteCount ? digits + [content.onlyField].compactMap(\.self) : []
  }
}

/// The bytes of a state that QEMU describes field by field (QEMU migration/vmstate.c).
private struct StateSize {
  private(set) var byteCount: UInt64 = 0
  /// The digits of the size of the only field.
  private(set) var onlyField: Range<Int>?
  /// Where the state has that of a PCI function.
  private(set) var functionState: VMDescription.FunctionState?
  private var fieldCount = 0

  /// Reads a member of an object that describes a state.
  mutating func readMember(
    _ key: String, _ scanner: inout JSONScanner
  ) throws(QEMUStreamError) {
    // A closure cannot use `self` while it changes.
    var sizes = self
    switch key {
    case "fields":
      try scanner.array { (scanner) throws(QEMUStreamError) in try sizes.readField(&scanner) }
    case "subsections":
      try scanner.array { (scanner) throws(QEMUStreamError) in try sizes.readSubsection(&scanner) }
    default: try scanner.skip()
    }
    self = sizes
  }

  private mutating func readField(_ scanner: inout JSONScanner) throws(QEMUStreamError) {
    var size: (value: UInt64, digits: Range<Int>) = (0, 0..<0)
    var count: UInt64 = 1
    var type = ""
    var nested: VMDescription.FunctionState?
    try scanner.object { (key, scanner) throws(QEMUStreamError) in
      switch key {
      // The size of a field that is a struct counts all of the struct.
      case "size": size = try scanner.number()
      case "array_len": count = try scanner.number().value
      case "type": type = try scanner.string()
      case "struct": nested = try Self.functionState(in: &scanner)
      default: try scanner.skip()
      }
    }
    if functionState == nil { findFunctionState(nested, type, size.value) }
    let (total, overflow) = size.value.multipliedReportingOverflow(by: count)
    guard !overflow else { throw scanner.malformed("a size of 64 bits") }
    try add(total, &scanner)
    fieldCount += 1
    onlyField = fieldCount == 1 && count == 1 ? size.digits : nil
  }

  /// Where a struct has the state of a PCI function.
  private static func functionState(
    in scanner: inout JSONScanner
  ) throws(QEMUStreamError) -> VMDescription.FunctionState? {
    var content = StateSize()
    try scanner.object { (key, scanner) throws(QEMUStreamError) in
      try content.readMember(key, &scanner)
    }
    return content.functionState
  }

  /// A space in the field that comes next, or in the struct that it is.
  private mutating func findFunctionState(
    _ nested: VMDescription.FunctionState?, _ type: String, _ size: UInt64
  ) {
    if let nested {
      let (offset, overflow) = byteCount.addingReportingOverflow(nested.offset)
      guard !overflow else { return }
      functionState = VMDescription.FunctionState(offset: offset, byteCount: nested.byteCount)
    } else if type == "pci config" {
      functionState = VMDescription.FunctionState(offset: byteCount, byteCount: size)
    } else if type == "virtio", byteCount < .max - 4 {
      // A device on PCI begins with the state of its function, which nobody describes.
      functionState = VMDescription.FunctionState(offset: byteCount + 4, byteCount: nil)
    }
  }

  private mutating func readSubsection(_ scanner: inout JSONScanner) throws(QEMUStreamError) {
    var name = ""
    var content = StateSize()
    try scanner.object { (key, scanner) throws(QEMUStreamError) in
      if key == "vmsd_name" {
        name = try scanner.string()
      } else {
        try content.readMember(key, &scanner)
      }
    }
    // A type byte, the length of the name, the name, a version.
    try add(UInt64(name.utf8.count) + 6, &scanner)
    try add(content.byteCount, &scanner)
  }

  private mutating func add(
    _ count: UInt64, _ scanner: inout JSONScanner
  ) throws(QEMUStreamError) {
    let (sum, overflow) = byteCount.addingReportingOverflow(count)
    guard !overflow else { throw scanner.malformed("a size of 64 bits") }
    byteCount = sum
  }
}
