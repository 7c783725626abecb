import PCIConfig
import VirtualPCI

/// One kind of access that a guest makes.
struct Access: Sendable {
  let name: String
  let run: @Sendable (inout VirtualConfigSpace<Bytes>, Int) -> UInt64

  static let all = [
    Access(name: "read 4 bytes of the VMM's") { space, index in
      space.read((index & 15) &* 4, byteCount: 4)
    },
    Access(name: "read 4 bytes of the device's") { space, index in
      space.read(0x104 &+ (index & 1) &* 12, byteCount: 4)
    },
    Access(name: "read 3 bytes across registers") { space, index in
      space.read(0x51 &+ (index & 3), byteCount: 3)
    },
    Access(name: "write a BAR") { space, index in
      UInt64(space.write(0x10, byteCount: 4, value: UInt64(truncatingIfNeeded: index)).rawValue)
    },
    Access(name: "write Command, which reaches the device") { space, index in
      UInt64(space.write(0x04, byteCount: 2, value: UInt64(truncatingIfNeeded: index)).rawValue)
    },
  ]

  /// A space with registers of every kind.
  static func space() -> VirtualConfigSpace<Bytes>? {
    let text = """
      profile: bench
      identity: { vendor: 0x1af4, device: 0x1234, class: 0x010802 }
      bars: [ { index: 0, kind: mem64, size: 16KiB } ]
      capabilities:
        - { id: pm, at: 0x40 }
        - { id: msix, at: 0x50, vectors: 33, table: { bar: 0, offset: 0x2000 }, pba: { bar: 0, offset: 0x3000 } }
        - { id: express, at: 0x70 }
      extended:
        - { id: aer, at: 0x100 }
      """
    guard let layout = try? ProfileLayout(Profile(parsing: [UInt8](text.utf8))),
      let space = try? ConfigSpace(layout.synthesized)
    else { return nil }
    let places = PhysicalOffsets(of: layout, on: HostFunction(space, label: "itself"))
    return try? VirtualConfigSpace(layout, at: places, on: Bytes(bytes: space.bytes))
  }

  /// A device that is a piece of memory.
  struct Bytes: PhysicalConfigAccess {
    var bytes: [UInt8]

    func read(_ offset: Int, byteCount: Int) -> UInt32 {
      var value: UInt32 = 0
      for index in 0..<byteCount {
        value |= UInt32(bytes[offset &+ index]) << UInt32(truncatingIfNeeded: 8 &* index)
      }
      return value
    }

    mutating func write(_ offset: Int, byteCount: Int, value: UInt32) {
      for index in 0..<byteCount {
        bytes[offset &+ index] = UInt8(
          truncatingIfNeeded: value >> UInt32(truncatingIfNeeded: 8 &* index))
      }
    }
  }
}
