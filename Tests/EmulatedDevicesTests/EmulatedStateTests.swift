import DeviceTestSupport
import Devices
import EmulatedDevices
import StateLayout
import StateTranslation
import TestSupport
import Testing

/// A device of some shape, and the layout that the state it hands out has.
struct EmulatedState: Sendable, CustomTestStringConvertible {
  let shape: String
  let layout: String
  let seed: UInt64

  var family: String { String(shape.prefix { $0 != "?" }) }

  var uri: String {
    // The serial device has no seed; what stands in its FIFO is what differs.
    let key = family == "mtty" ? "text" : "seed"
    return "emulated:\(shape)\(shape.contains("?") ? "&" : "?")\(key)=\(seed)"
  }

  var testDescription: String { uri }

  private static let shapes: [(shape: String, layout: String)] = [
    ("mtty", "mtty"), ("mtty?ports=2", "mtty"),
    ("hisi_acc?generation=first", "hisi_acc-v1"),
    ("hisi_acc?generation=v1&device=sec&qp=7&qp-base=9&isolation=0x31", "hisi_acc-v1"),
    ("hisi_acc?generation=v1&ready=no", "hisi_acc-v1"),
    ("hisi_acc?generation=v2&device=hpre&qp=1024", "hisi_acc-v2"),
    ("hisi_acc?generation=v2&ready=no", "hisi_acc-v2"),
    ("virtio-net", "virtio"), ("virtio-net?ready=no", "virtio"),
    ("virtio-net?pairs=1&precopy=no", "virtio"),
    ("virtio-net?pairs=3&max-pairs=16&queue-size=64&refresh=2", "virtio"),
    ("virtio-net?feature-words=2&features=0x10530cf99a7&bar=4", "virtio"),
    ("qat", "qat"), ("qat?ready=no&compat=0", "qat"),
    ("qat?device=402xx&vf=15&sla=sym:0x3:10:20&sla=dc:0xc:1:2", "qat"),
    ("qat?device=gen6&vf=2&capabilities=0xff&extdc=1", "qat"),
    ("qat?device=420xx&vf=1", "qat"),
    ("mlx5?size=64KiB", "mlx5"), ("mlx5?size=200KiB&dirty=50%", "mlx5"),
    ("mlx5?size=100KiB&chunks=yes&size-record=no", "mlx5"),
    ("mlx5?format=raw&size=64KiB", "mlx5-raw"),
    ("xe?vram=1MiB&ggtt=1MiB", "xe"), ("xe?vram=1MiB&ggtt=1MiB&packet=64KiB&media=no", "xe"),
    ("xe?vram=0&ggtt=4MiB&device=0x7d55&revision=4", "xe"),
    ("nvme", "nvme-tp4159"), ("nvme?queues=0", "nvme-tp4159"),
    ("nvme?queues=8&max-queues=8&depth=64&wrr=yes&contiguous=no", "nvme-tp4159"),
    ("nvme?queues=2&vendor-state=9&vendor=7", "nvme-tp4159"),
    ("pds?size=64", "pds"), ("pds?size=64KiB&firmware=3", "pds"),
    ("igb", "igb"), ("igb?vf=7&addresses=16", "igb"), ("igb?ready=no", "igb"),
    ("igb?size=528&vf=5", "igb"), ("igb?size=528&ready=no", "igb"),
  ]

  static let all = shapes.flatMap { shape, layout in
    seeds(4).map { EmulatedState(shape: shape, layout: layout, seed: $0) }
  }

  /// Layouts of which any part is a state by all that its bytes say.
  static let opaque: Set = ["mlx5-raw", "pds"]
}

@Suite struct EmulatedStateTests {
  @Test func everyFamilyWithALayoutIsHere() {
    // What the synthetic device hands out is a format of its own, in no layout's words.
    #expect(
      Set(EmulatedFamily.all.map(\.name))
        == Set(EmulatedState.all.map(\.family)).union(["synthetic"]))
  }

  @Test(arguments: EmulatedState.all)
  func whatADeviceHandsOutIsASoundStateOfItsLayout(_ state: EmulatedState) throws {
    for bytes in try captured(state) {
      let device = try device(state.uri)
      let detection = Layout.detect(
        prefix: Array(bytes.prefix(1024)), byteCount: UInt64(bytes.count),
        driver: device.model.driver)
      #expect(detection.best?.layout.name == state.layout, "\(detection.candidates.map(\.reason))")
      #expect(device.model.facts.layouts?.contains(state.layout) == true)
      let tree = try #require(Layout.named(state.layout)).dissect(bytes)
      // Whole states that look like cut ones are warned of: registers alone of igb, and the match
      // data of hisi_acc that were read before its driver knew of no guest's.
      let isShort = endsThatSuffice(tree).contains(bytes.count)
      #expect(tree.findings.filter { $0.severity > (isShort ? .warning : .note) } == [])
      #expect(tree.isComplete && tree.isSound)
      #expect(try tree.encode().bytes(from: StateBytes(bytes)) == bytes)
    }
  }

  @Test(arguments: EmulatedState.all.filter { !EmulatedState.opaque.contains($0.layout) })
  func whatIsCutOffIsFound(_ state: EmulatedState) throws {
    let layout = try #require(Layout.named(state.layout))
    var random = SplitMix64(seed: state.seed)
    for bytes in try captured(state) {
      let ends = endsThatSuffice(layout.dissect(bytes))
      for _ in 0..<8 {
        let count = Int.random(in: 0..<bytes.count, using: &random)
        let tree = layout.dissect(Array(bytes[..<count]))
        #expect(
          !tree.isComplete || !tree.isSound || ends.contains(count),
          "\(count) of \(bytes.count) bytes are taken for a whole state")
      }
      // The last byte is as good as any.
      #expect(!layout.dissect(Array(bytes.dropLast())).isSound)
    }
  }

  /// The lengths at which a part of a state is a state by all that its bytes say.
  private func endsThatSuffice(_ tree: LayoutTree) -> Set<Int> {
    switch tree.layout.name {
    case "hisi_acc-v1", "hisi_acc-v2": [40]
    case "igb": [528]
    // A record is whole without the next.
    case "mlx5", "virtio":
      Set(
        (tree["records"]?.items ?? []).dropLast().compactMap {
          $0.range.map { Int($0.upperBound) }
        })
    default: []
    }
  }

  /// What a device hands out that was stopped at once, and what one does that was read while it
  /// ran.
  private func captured(_ state: EmulatedState) throws -> [[UInt8]] {
    var states = [try device(state.uri).stopCopied()]
    let runner = try device(state.uri)
    if try runner.abilities().contains(.preCopy) {
      let step = steps(state.seed, upTo: 1 << 16)
      let channel = try runner.opened(.preCopy)
      var bytes: [UInt8] = []
      for _ in 0..<3 {
        bytes += try channel.drained(step: step)
        // Some drivers have more to hand out once they were asked.
        _ = try channel.preCopyInformation()
      }
      _ = try runner.transition(to: .stopCopy)
      states.append(bytes + (try channel.drained(step: step)))
    }
    return states
  }
}
