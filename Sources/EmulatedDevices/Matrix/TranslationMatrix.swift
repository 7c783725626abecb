import ByteIO
public import Devices
import StateLayout
public import StateTranslation

/// Every emulated source against every emulated target: which take a state as it is, which take it translated, and why the
/// others do not.
public struct TranslationMatrix: Sendable {
  /// What became of a source's state on a target.
  public struct Cell: Sendable {
    /// The source and the target, by their numbers among the devices.
    public let source: Int
    public let target: Int
    /// What the target's driver answered to the state as it was; nil where it took it.
    public let direct: DeviceError?
    /// The report of the translation.
    public let report: TranslationReport
    /// What the driver answered to the translated state; nil where it took it or there was none.
    public let translated: DeviceError?
    /// Whether the state has a layout that the target takes.
    public let isOfTarget: Bool

    public var verdict: Verdict {
      if direct == nil, isOfTarget { return .accepted }
      if report.isAccepted, translated == nil { return .translated }
      return direct == nil ? .unnoticed : .refused
    }
  }

  public enum Verdict: String, Sendable {
    /// The driver takes the state as it is.
    case accepted
    /// It takes the state after a translation only.
    case translated
    /// It cannot have the state, and its driver does not notice: to it the state is the beginning of a record.
    case unnoticed
    /// It cannot have the state.
    case refused
  }

  /// The names of the devices, each a source and a target.
  public let devices: [String]
  public let cells: [Cell]

  /// The devices that are run where none are named: of each family those that differ in what they take.
  public static let devices = [
    "emulated:mtty?ports=1&text=one", "emulated:mtty?ports=2&text=two",
    "emulated:hisi_acc?generation=first", "emulated:hisi_acc?generation=v1",
    "emulated:hisi_acc?generation=v2", "emulated:hisi_acc?generation=v2&qp=32",
    "emulated:virtio-net?pairs=8&queue-size=512&vectors=20",
    "emulated:virtio-net?pairs=8&max-pairs=32&queue-size=1024&vectors=40&feature-words=2&features=0x10530cf99a7",
    "emulated:virtio-net?pairs=2&queue-size=128&vectors=8",
    "emulated:qat?device=4xxx&vf=0&sla=dc:0x3:10:20",
    "emulated:qat?device=4xxx&vf=3&sla=dc:0x3:20:40", "emulated:qat?device=gen6&vf=1",
    "emulated:mlx5?format=raw&size=64KiB", "emulated:mlx5?size=64KiB",
    "emulated:xe?vram=2MiB&ggtt=1MiB", "emulated:xe?vram=2MiB&ggtt=1MiB&packet=1MiB",
    "emulated:xe?vram=2MiB&ggtt=1MiB&device=0x7d55",
    "emulated:nvme?queues=4&depth=256", "emulated:nvme?queues=8&max-queues=8&depth=64&max-depth=64",
    "emulated:nvme?vendor-state=8", "emulated:nvme?packing=linux-rfc",
    "emulated:nvme?packing=linux-rfc&interrupts=no",
    "emulated:pds?size=4KiB", "emulated:pds?size=4KiB&firmware=2",
    "emulated:igb?vf=0", "emulated:igb?vf=3", "emulated:igb?size=528&vf=0",
    "emulated:igb?size=528&vf=3",
  ]

  /// Runs every device against every other, and against another of its own kind.
  public init(_ names: [String] = devices) throws(DeviceURI.Malformed) {
    devices = names
    var cells: [Cell] = []
    for (source, name) in names.enumerated() {
      let device = try Self.device(name)
      let facts = device.model.facts
      guard let state = try? device.saved(),
        let layout = Layout.detect(
          prefix: Array(state.prefix(1024)), byteCount: UInt64(state.count),
          driver: device.model.driver
        ).candidates.first(where: { facts.layouts?.contains($0.layout.name) == true })?.layout
      else { throw DeviceURI.Malformed(name, "expected a device whose state has a layout") }
      for (target, other) in names.enumerated() {
        cells.append(
          try Self.cell(source, state, layout, facts, onto: target, named: other))
      }
    }
    self.cells = cells
  }

  private static func cell(
    _ source: Int, _ state: [UInt8], _ layout: Layout, _ facts: DeviceFacts, onto target: Int,
    named name: String
  ) throws(DeviceURI.Malformed) -> Cell {
    let direct = try device(name).loaded(state)
    let device = try device(name)
    var translator = Translator(for: device.model.facts)
    translator.source = facts
    let outcome = translator.translate(
      state, from: layout, to: translator.preferredTarget(of: layout))
    var answer: DeviceError?
    if let payload = outcome.state {
      answer = device.loaded(payload.bytes(from: StateBytes(state)))
    }
    return Cell(
      source: source, target: target, direct: direct, report: outcome.report, translated: answer,
      isOfTarget: translator.target.layouts?.contains(layout.name) ?? false)
  }

  private static func device(_ name: String) throws(DeviceURI.Malformed) -> EmulatedDevice {
    try EmulatedDevice(DeviceURI(parsing: name))
  }
}

extension Translator {
  /// The newest layout that the target takes and that `layout` can be translated to; its first where there is none.
  fileprivate func preferredTarget(of layout: Layout) -> Layout {
    let layouts = target.layouts ?? []
    let name = layouts.last { Self.translation(from: layout.name, to: $0) != nil } ?? layouts.first
    return name.flatMap { Layout.named($0) } ?? layout
  }
}

extension EmulatedDevice {
  /// Everything that the device hands out once it is stopped.
  fileprivate func saved() throws(DeviceError) -> [UInt8] {
    guard let channel = try transition(to: .stopCopy) else { return [] }
    var buffer = ByteBuffer(capacity: 1 << 16)
    while true {
      if buffer.count == buffer.capacity { buffer.reserve(2 * buffer.capacity) }
      let count = try buffer.fill { (span) throws(DeviceError) in try channel.read(into: &span) }
      if count == 0 { return [UInt8](buffer.bytes) }
    }
  }

  /// Loads a state in one write, as far as the driver takes it; what it answered where it did not.
  fileprivate func loaded(_ state: [UInt8]) -> DeviceError? {
    do throws(DeviceError) {
      guard let channel = try transition(to: .resuming) else { return nil }
      var position = 0
      while position < state.count {
        position += try channel.write(state.span.raw.extracting(droppingFirst: position))
      }
      _ = try transition(to: .running)
      return nil
    } catch {
      return error
    }
  }
}
