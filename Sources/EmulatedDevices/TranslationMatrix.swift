import ByteIO
public import Devices
import StateLayout
public import StateTranslation

/// Every emulated source against every emulated target: which targets take a state as it is, which
/// take it translated, and why the others do not.
public struct TranslationMatrix: Sendable {
  /// The result for a source's state on a target.
  public struct Cell: Sendable {
    /// The index of the source among the devices.
    public let source: Int
    /// The index of the target among the devices.
    public let target: Int
    /// The error of the target's driver for the state as it was; nil if it took it.
    public let direct: DeviceError?
    /// The report of the translation.
    public let report: TranslationReport
    /// The error of the driver for the translated state; nil if it took it or there was none.
    public let translated: DeviceError?
    /// Whether the state has a layout that the target takes.
    public let isOfTarget: Bool

    /// The verdict of the driver and the translation together.
    public var verdict: Verdict {
      if direct == nil, isOfTarget { return .accepted }
      if report.isAccepted, translated == nil { return .translated }
      return direct == nil ? .unnoticed : .refused
    }
  }

  /// Whether a target can have a state, and how.
  public enum Verdict: String, Sendable {
    /// The driver takes the state as it is.
    case accepted
    /// It takes the state after a translation only.
    case translated
    /// It cannot have the state, and its driver does not notice, because it takes the state for the
    /// start of a record.
    case unnoticed
    /// It cannot have the state.
    case refused
  }

  /// The names of the devices, each a source and a target.
  public let devices: [String]
  /// A cell for each source and target, by source and then by target.
  public let cells: [Cell]

  /// The devices that are run if none are named: of each family those that differ in the state that
  /// they hand out or take.
  public static let devices: [String] = EmulatedFamily.all.flatMap { family in
    family.samples.map { "emulated:\(family.name)?\($0)" }
  }

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
  /// The newest layout that the target takes and that `layout` can be translated to; the target's
  /// first if there is none.
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

  /// Loads a state in one write, as far as the driver takes it; returns the driver's error, if any.
  fileprivate func loaded(_ state: [UInt8]) -> DeviceError? {
    do throws(DeviceError) {
      try load(state)
      return nil
    } catch {
      return error
    }
  }
}
