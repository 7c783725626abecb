import DeviceTestSupport
import EmulatedDevices
import StateLayout
import StateTranslation
import TestSupport
import Testing

/// States that came to harm on their way: what Ferry passes on, the device takes, and hands out
/// again.
@Suite struct DamagedStateTests {
  /// Those of the matrix; where they have memory, less of it, and one with more packets.
  private static let devices =
    TranslationMatrix.devices.map {
      $0.replacing("vram=2MiB&ggtt=1MiB", with: "vram=64KiB&ggtt=256KiB")
    } + ["emulated:xe?vram=64KiB&ggtt=256KiB&packet=16KiB"]

  /// What a device hands out, and whom it can be given to.
  private struct Source: Sendable {
    let name: String
    let facts: DeviceFacts
    let layout: Layout
    let state: [UInt8]
    let damage: StateDamage
    /// The devices to which there is a translation, and the layouts that it may have.
    let targets: [(name: String, layout: Layout)]

    init(_ name: String) throws {
      let device = try device(name)
      let facts = device.model.facts
      let state = try device.stopCopied()
      let detection = Layout.detect(
        prefix: Array(state.prefix(1024)), byteCount: UInt64(state.count),
        driver: device.model.driver)
      let layout = try #require(
        detection.candidates.map(\.layout).first { facts.layouts?.contains($0.name) == true })
      let layouts = Translator.targets(of: layout.name).compactMap { Layout.named($0) }
      self.name = name
      self.facts = facts
      self.layout = layout
      self.state = state
      damage = StateDamage(state, of: layout)
      targets = try DamagedStateTests.devices.flatMap { other in
        let taken = try DamagedStateTests.target(other).model.facts.layouts ?? []
        return layouts.filter { taken.contains($0.name) }.map { (other, $0) }
      }
    }
  }

  /// Made once, by name.
  private static let sources = Dictionary(
    uniqueKeysWithValues: devices.compactMap { name in
      (try? Source(name)).map { (name, $0) }
    })

  /// Another device of the kind, with another guest's state in it.
  private static func target(_ name: String) throws -> EmulatedDevice {
    // A serial device has the text at the end of its name instead.
    if name.hasPrefix("emulated:mtty") { return try device(name + "x") }
    return try device("\(name)\(name.contains("?") ? "&" : "?")seed=77")
  }

  @Test func everyDeviceHasAStateAndATarget() {
    #expect(Self.sources.count == Self.devices.count)
    for source in Self.sources.values {
      #expect(source.targets.contains { $0.name == source.name }, "\(source.name)")
    }
    let ways = Self.sources.values.flatMap { source in
      source.targets.map { "\(source.layout.name) to \($0.layout.name)" }
    }
    let all = Translator.shipped.map { "\($0.source) to \($0.target)" }
    #expect(Set(all).isSubset(of: ways))
  }

  @Test(arguments: devices, seeds(10))
  func whatIsTranslatedIsLoaded(name: String, seed: UInt64) throws {
    let source = try #require(Self.sources[name])
    var random = SplitMix64(seed: seed)
    let state = source.damage.damaged(&random)
    // The device of its own kind, and one of the others.
    let own = source.targets.filter { $0.name == source.name }
    let some = own + [source.targets.randomElement(using: &random)].compactMap(\.self)
    for (name, layout) in some {
      let device = try Self.target(name)
      var translator = Translator(for: device.model.facts)
      translator.source = source.facts
      let outcome = translator.translate(state, from: source.layout, to: layout)
      guard let translated = outcome.state?.bytes(from: StateBytes(state)) else { continue }
      try expectLoaded(translated, of: layout, onto: device, from: source)
    }
  }

  /// If a translation has nothing to put right, the layout alone stands between a state and a
  /// device like its own.
  @Test(arguments: devices, seeds(10))
  func whatIsSoundIsLoadedUnlessAFactIsAgainstIt(name: String, seed: UInt64) throws {
    let source = try #require(Self.sources[name])
    var random = SplitMix64(seed: seed &+ 1000)
    let state = source.damage.damaged(&random)
    let device = try Self.target(source.name)
    guard source.layout.dissect(state).isSound else { return }
    var translator = Translator(for: device.model.facts)
    translator.source = source.facts
    let report = translator.translate(state, from: source.layout, to: source.layout).report
    guard report.isAccepted, report.rewrites.isEmpty else { return }
    try expectLoaded(state, of: source.layout, onto: device, from: source)
  }

  private func expectLoaded(
    _ state: [UInt8], of layout: Layout, onto device: EmulatedDevice, from source: Source
  ) throws {
    let content = StateContent(state, of: layout)
    // Firmware alone knows whether it can have what is its own, and what it makes of it.
    guard content.opaque == StateContent(source.state, of: source.layout).opaque else { return }
    let refusal = device.refusal(of: state)
    #expect(
      refusal == nil,
      "\(device.name) refuses a state of \(source.name); \(changes(state, source))")
    // What a layout warns of is not as a device writes it, and need not come out as it was. Of two
    // layouts that a device takes it writes the newer.
    guard refusal == nil, layout.dissect(state).severity ?? .note < .warning,
      device.model.facts.layouts?.last == layout.name
    else { return }
    let handedOut = try device.stopCopied()
    let differences = content.differences(from: StateContent(handedOut, of: layout))
    #expect(
      differences == [],
      "\(device.name) has another state than that of \(source.name); \(changes(state, source))")
  }

  /// Where a state is not the one that its source handed out.
  private func changes(_ state: [UInt8], _ source: Source) -> String {
    let places = zip(source.state, state).enumerated().filter { $1.0 != $1.1 }.prefix(9)
      .map { "\($0) (\($1.0)) \($1.1)" }
    return "of \(source.state.count) bytes \(state.count), others at \(places)"
  }
}
