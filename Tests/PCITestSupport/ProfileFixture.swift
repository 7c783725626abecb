import PCIConfig
import TestSupport
import Testing
package import VirtualPCI

#if canImport(Glibc)
  import Glibc
#endif

/// Devices and profiles for the tests of profiles.
package enum Fixture {
  /// Whether third parties' dumps lie beside the project.
  package static let hasThirdPartyDumps = !DumpCorpus.thirdParty.isEmpty

  package static func path(_ name: String) -> String {
    (DumpCorpus.all.first { $0.hasSuffix("/" + name + ".txt") }) ?? name
  }

  /// The first function of a dump.
  package static func host(
    _ name: String, parent: String? = nil, barSizes: [Int: UInt64] = [:]
  ) throws -> HostFunction {
    let space = try DumpCorpus.devices(path(name))[0].space
    let physical = try parent.map { try DumpCorpus.devices(path($0))[0].space }
    return HostFunction(space, label: name, physicalFunction: physical, barSizes: barSizes)
  }

  /// An NVMe drive that no maker has made: other offsets than QEMU's, more vectors, a PASID
  /// capability.
  package static func drive(
    vectors: UInt16 = 64, pasidWidth: UInt16? = nil, hasMSIX: Bool = true, queueDepth: UInt16 = 0
  ) throws -> HostFunction {
    var builder = SpaceBuilder(vendor: 0xcafe, device: 0x0001)
    builder.store32(0x0108_0203, at: 8)
    builder.store32(0x0000_0004, at: 0x10)
    builder.store16(0xcafe, at: 0x2c)
    builder.store8(1, at: 0x3d)
    builder.add(standard: 0x01, at: 0x40, [0x03, 0x00, 0x08, 0x00, 0, 0])
    builder.addExpress(at: 0x50)
    builder.store32(0x1000_8025, at: 0x54)
    builder.store32(0x0000_081f, at: 0x74)
    if hasMSIX {
      builder.add(standard: 0x11, at: 0xb0)
      builder.store16(vectors - 1, at: 0xb2)
      builder.store32(0x0000_3000, at: 0xb4)
      builder.store32(0x0000_2000, at: 0xb8)
    }
    builder.add(extended: 0x01, version: 2, at: 0x100, [UInt8](repeating: 0, count: 0x44))
    builder.add(extended: 0x0f, at: 0x180)
    builder.store16(0x0020 | queueDepth, at: 0x184)
    if let pasidWidth {
      builder.add(extended: 0x1b, at: 0x190)
      builder.store16(pasidWidth << 8 | 0x6, at: 0x194)
    }
    return HostFunction(try builder.space, label: "drive")
  }

  package static func layout(_ text: String) throws -> ProfileLayout {
    try ProfileLayout(Profile(parsing: [UInt8](text.utf8)))
  }

  /// A short profile that leaves nearly everything to defaults.
  package static let short = """
    profile: nvme-4k.v1
    identity: { vendor: 0x1af4, device: 0x1234, subsystem: 0x1af4:0x0001, class: 0x010802, revision: 1 }
    bars: [ { index: 0, kind: mem64, size: 16KiB } ]
    capabilities:
      - { id: pm, at: 0x40, version: 3 }
      - { id: msix, at: 0x50, vectors: 33, table: { bar: 0, offset: 0x2000 }, pba: { bar: 0, offset: 0x3000 } }
      - { id: express, at: 0x70, version: 2, type: endpoint }
    extended:
      - { id: ats, at: 0x100, page-aligned: true }
      - { id: pasid, at: 0xff8, width: 16, execute: false, privileged: false }
    registers:
      - { at: 0x78, bits: 0x7000, source: device, reset: 0x2000, name: max read request size }
    """
}

/// A device's bytes as a physical configuration space; it remembers what was written.
package struct MemoryDevice: PhysicalConfigAccess {
  package var bytes: [UInt8]
  package private(set) var writes: [(offset: Int, byteCount: Int, value: UInt32)] = []

  package init(_ bytes: [UInt8]) { self.bytes = bytes }

  package func read(_ offset: Int, byteCount: Int) -> UInt32 {
    (0..<byteCount).reduce(0) { $0 | UInt32(bytes[offset + $1]) << UInt32(8 * $1) }
  }

  package mutating func write(_ offset: Int, byteCount: Int, value: UInt32) {
    writes.append((offset, byteCount, value))
    for index in 0..<byteCount {
      bytes[offset + index] = UInt8(truncatingIfNeeded: value >> UInt32(8 * index))
    }
  }
}

/// Debian's lspci, as a reader of what Ferry synthesises.
package enum Lspci {
  package static let isInstalled = access("/usr/bin/lspci", X_OK) == 0

  /// `bytes` as a dump that lspci reads.
  package static func dump(_ bytes: [UInt8]) -> String {
    var text = "00:01.0 Class 0000: Device\n"
    for start in stride(from: 0, to: bytes.count, by: 16) {
      let row = bytes[start..<min(start + 16, bytes.count)].map { hex($0, 2) }
      text += hex(start, 2) + ": " + row.joined(separator: " ") + "\n"
    }
    return text
  }

  private struct Failure: Error {}

  private static func hex(_ value: some BinaryInteger, _ digits: Int) -> String {
    let text = String(value, radix: 16)
    return String(repeating: "0", count: max(0, digits - text.count)) + text
  }

  /// What `lspci -vvv` prints of `bytes`, its errors included.
  package static func decode(_ bytes: [UInt8]) throws -> String {
    var template = Array("/tmp/ferry-lspci-XXXXXX".utf8CString)
    let file = mkstemp(&template)
    defer { close(file) }
    let path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    defer { unlink(path) }
    let text = Array(dump(bytes).utf8)
    guard write(file, text, text.count) == text.count,
      let pipe = popen("/usr/bin/lspci -F \(path) -vvv 2>&1", "r")
    else { throw Failure() }
    defer { pclose(pipe) }
    var output: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65536)
    while true {
      let count = fread(&buffer, 1, buffer.count, pipe)
      if count == 0 { break }
      output += buffer[..<count]
    }
    return String(decoding: output, as: UTF8.self)
  }

  /// Lines in which lspci complains: unknown structures, broken chains, errors; not the absence of
  /// kernel modules.
  package static func complaints(_ output: String) -> [String] {
    output.split(separator: "\n").map(String.init).filter {
      ($0.contains("<?>") || $0.contains("!!!") || $0.contains("lspci:") || $0.contains("chain"))
        && !$0.contains("libkmod")
    }
  }
}
