import ByteIO
import PCIConfig
import PCITestSupport
import Reports
import Testing
import VirtualPCI

@Suite struct AccessMapTests {
  /// Profiles of every pair of devices that has one, with the pair.
  private static let pairs = Result { try allPairs() }

  private static func allPairs() throws -> [(layout: ProfileLayout, hosts: [HostFunction])] {
    var hosts = DumpCorpus.all.compactMap { path -> HostFunction? in
      guard let device = try? DumpCorpus.devices(path).first else { return nil }
      let name = path.split(separator: "/").last.map(String.init) ?? path
      return HostFunction(device.space, label: name)
    }
    hosts.append(try Fixture.host("qemu-nvme-vf0", parent: "qemu-nvme-pf-vfs-on"))
    hosts.append(try Fixture.drive(pasidWidth: 20))
    hosts.append(try Fixture.drive(vectors: 12))
    var pairs: [(layout: ProfileLayout, hosts: [HostFunction])] = []
    for (index, first) in hosts.enumerated() {
      for second in hosts[index...] {
        var options = DerivationOptions()
        options.pasid = .width(8)
        guard let derivation = try? ProfileDerivation(from: [first, second], options: options)
        else { continue }
        pairs.append((derivation.layout, hosts))
      }
    }
    return pairs
  }

  @Test func allDevicesThatPassShowTheSameAndTheirMapsAgree() throws {
    let iommu = IOMMUFacts(pasidWidth: 20, allowsExecute: true, allowsPrivileged: true)
    let pairs = try Self.pairs.get()
    #expect(pairs.count >= 5)
    for (layout, hosts) in pairs {
      let passing = hosts.filter { layout.check($0, iommu: iommu).canCarry }
      #expect(!passing.isEmpty)
      var seen: (bytes: [UInt8], map: [Shape])?
      for host in passing {
        let map = AccessMap(layout, on: host)
        let space = try VirtualConfigSpace(
          layout, at: PhysicalOffsets(of: layout, on: host),
          on: MemoryDevice(host.space.bytes))
        // What the VMM serves; the device's own bits are at reset in no dump.
        let bytes = zip(space.save().synthesized, layout.image.device).map { $0 & ~$1 }
        let found = (bytes, map.ranges.map(Shape.init))
        if let seen {
          #expect(seen.bytes == found.0)
          #expect(seen.map == found.1)
        } else {
          seen = found
        }
        #expect(map.ranges.allSatisfy { $0.physical == nil || $0.physical?.offset != nil })
      }
    }
  }

  /// A range without the place on one device.
  private struct Shape: Hashable {
    let offset: Int
    let length: Int
    let kind: AccessMap.Kind
    let masks: [String?]

    init(_ range: AccessMap.Range) {
      offset = range.offset
      length = range.length
      kind = range.kind
      masks = [
        range.reset, range.write, range.clear, range.trigger, range.physical?.register,
        range.physical?.mask, range.physical?.write,
      ]
    }
  }

  @Test func theMapCoversEveryByteOnce() throws {
    var layouts = try Self.pairs.get().map(\.layout)
    layouts.append(try Fixture.layout(Fixture.short))
    for layout in layouts {
      let map = AccessMap(layout)
      var next = 0
      for range in map.ranges {
        #expect(range.offset == next)
        #expect(range.length > 0)
        #expect(range.reset.count == 2 * range.length)
        next += range.length
      }
      #expect(next == layout.byteCount)
      #expect(map.byteCount == layout.byteCount)
    }
  }

  @Test func theMapIsEnoughToServeASpace() throws {
    let layout = try Fixture.layout(Fixture.short)
    let map = AccessMap(layout)
    let image = layout.image
    for range in map.ranges {
      for index in 0..<range.length {
        let byte = range.offset + index
        func mask(_ text: String?) -> UInt8 {
          guard let text else { return 0 }
          return UInt8(text.dropFirst(2 * index).prefix(2), radix: 16) ?? 0
        }
        #expect(mask(range.reset) == image.reset[byte])
        #expect(mask(range.write) == image.writable[byte])
        #expect(mask(range.clear) == image.clearable[byte])
        #expect(mask(range.trigger) == image.trigger[byte])
        #expect(mask(range.physical?.mask) == image.device[byte])
        #expect(mask(range.physical?.write) == image.forwarded[byte] | image.deviceWritable[byte])
      }
    }
    #expect(map.msix?.vectors == 33)
    #expect(map.msix?.relocate == nil)
    #expect(map.json.text.contains(#""register": "express+0x08""#))
  }
}
