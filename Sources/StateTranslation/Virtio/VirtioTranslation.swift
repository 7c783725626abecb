import ByteIO
import StateLayout

/// virtio from one vendor's function to another's.
///
/// The device's own features become the target's; what the driver chose, and all that the guest has
/// seen, must be the same there. Parts are put into the order in which a device must be given them.
struct VirtioTranslation: Translation {
  var source: String { "virtio" }
  var target: String { "virtio" }
  var summary: String {
    "the device's features, the length of feature arrays, the order of parts; the last record is kept, "
      + "optional parts that are not known are dropped; features that were negotiated, queues, vectors "
      + "and doorbells must be the target's"
  }
  var facts: [String] {
    [
      "virtio.device-features", "virtio.num-queues", "virtio.queue-sizes", "virtio.notify-offsets",
      "virtio.notify-data", "virtio.mac-addresses", "msix-vectors",
    ]
  }

  var mends: Set<String> { ["part_order"] }

  static let lastRule = TranslationRule(
    "each record has all parts, and the last one wins",
    source: "drivers/vfio/pci/virtio/migrate.c; VIRTIO 1.4, device parts", isRequired: false)
  static let orderRule = TranslationRule(
    "each part must come behind all that it builds on", source: "VIRTIO 1.4, device parts")
  static let optionalRule = TranslationRule(
    "a device may ignore an optional part", source: "VIRTIO 1.4, device parts", isRequired: false)
  static let featuresRule = TranslationRule(
    "a device holds these against its own, and sets nothing",
    source: "VIRTIO 1.4, VIRTIO_DEV_PART_DEV_FEATURES")
  static let lengthRule = TranslationRule(
    "a device takes feature arrays of its own length only, and words of zeros mean nothing",
    source: "VIRTIO 1.4, device parts")

  func translate(
    _ tree: LayoutTree, to layout: Layout, _ run: inout TranslationRun
  ) throws(LayoutError) -> LayoutTree {
    guard var record = lastRecord(of: tree, &run) else { return tree }
    guard case .list(let items)? = record["payload.parts"]?.content, items.elidedCount == 0 else {
      run.refuseMany("records", found: "more parts than are kept", needed: "at most 4096")
      return tree
    }
    var parts = knownParts(of: items.first, &run)
    let check = VirtioPartsCheck(parts)
    for part in parts { check.hold(part, &run) }
    check.holdQueues(of: parts, &run)
    if let features = run.known(
      run.target.virtio?.deviceFeatures, "virtio.device-features", for: "negotiated features")
    {
      try setFeatures(of: &parts, to: features, &run)
    }
    order(&parts, &run)
    try record.update("payload.parts") { (node) throws(LayoutError) in
      node.content = .list(LayoutNode.Items(parts))
    }
    return LayoutTree(
      composing: LayoutNode(layout.id, fields: [LayoutNode("records", items: [record])]), by: layout
    )
  }

  // MARK: Facts

  /// What the state tells of its device; the most that its queues can have, and its filters, no
  /// state says.
  func facts(of tree: LayoutTree) -> DeviceFacts.Virtio {
    var facts = DeviceFacts.Virtio()
    let records = tree["records"]?.items ?? []
    guard let record = records.last(where: { $0["tag"]?.integer == 0 }),
      case .list(let items)? = record["payload.parts"]?.content, items.elidedCount == 0
    else { return facts }
    let parts = items.first
    facts.deviceFeatures = parts.first {
      $0["part_type"]?.integer == VirtioPart.deviceFeatures.rawValue
    }.map(VirtioPartsCheck.words)
    facts.queueCount = VirtioPartsCheck.value(of: .queueCount, in: parts).map {
      Int(clamping: $0)
    }
    facts.notifyOffsets = doorbells("value.queue_notify_off", in: parts)
    facts.notifyData = doorbells("value.queue_notif_config_data", in: parts)
    return facts
  }

  /// A value of each queue's doorbell, by the queue's index; nil if a queue has none.
  private func doorbells(_ field: String, in parts: [LayoutNode]) -> [Int]? {
    var values: [Int: Int] = [:]
    for part in parts
    where part["part_type"]?.integer == VirtioPart.queueNotification.rawValue {
      guard let queue = part["queue.index"]?.integer, let value = part[field]?.integer else {
        return nil
      }
      values[Int(clamping: queue)] = Int(clamping: value)
    }
    let sorted = values.sorted { $0.key < $1.key }
    guard !sorted.isEmpty, sorted.map(\.key) == Array(sorted.indices) else { return nil }
    return sorted.map(\.value)
  }

  // MARK: Records and parts

  private func lastRecord(of tree: LayoutTree, _ run: inout TranslationRun) -> LayoutNode? {
    guard case .list(let records)? = tree["records"]?.content else { return nil }
    let kept = records.elidedCount == 0 ? records.first + records.last : records.last
    guard let last = kept.last(where: { $0["tag"]?.integer == 0 }) else {
      run.refuse("records", found: "no record with parts among the last", needed: "one at the end")
      return nil
    }
    hold(kept.filter { $0["tag"]?.integer == 0 }, against: last, &run)
    if records.count > 1 {
      run.rewrite(
        "records", from: "\(records.count) records", to: "the last with parts", Self.lastRule)
    }
    return last
  }

  /// Refuses a last record that lacks what one before it has: each has all parts, so it is not
  /// whole.
  ///
  /// Of a great many records the first and the last are looked at.
  private func hold(
    _ records: [LayoutNode], against last: LayoutNode, _ run: inout TranslationRun
  ) {
    var names = Set((last["payload.parts"]?.items ?? []).map(VirtioPartsCheck.name))
    for part in records.flatMap({ $0["payload.parts"]?.items ?? [] }) {
      let kind = VirtioPart(rawValue: part["part_type"]?.integer ?? 0)
      // A device may ignore one that is not known, and its features are written anew.
      let isOptional = kind == nil && (part["flags"]?.integer ?? 0) & 1 == 1
      guard !isOptional, kind != .deviceFeatures else { continue }
      let name = VirtioPartsCheck.name(of: part)
      guard names.insert(name).inserted else { continue }
      run.refuse(
        name, found: "no such part in the last record",
        needed: "all parts that a record before it has, since the last one is kept")
    }
  }

  private func knownParts(of parts: [LayoutNode], _ run: inout TranslationRun) -> [LayoutNode] {
    parts.filter { part in
      let type = part["part_type"]?.integer ?? 0
      guard VirtioPart(rawValue: type) == nil, let flags = part["flags"]?.integer, flags & 1 == 1
      else { return true }
      run.rewrite("part 0x\(hex(type))", from: "an optional part", to: "none", Self.optionalRule)
      return false
    }
  }

  /// Puts parts into the order of their types, in which each builds on those before it. Parts of a
  /// kind of device follow.
  private func order(_ parts: inout [LayoutNode], _ run: inout TranslationRun) {
    let ranks = parts.map { $0["part_type"]?.integer ?? 0 }
    guard ranks != ranks.sorted() else { return }
    let sorted = parts.enumerated().sorted {
      (ranks[$0.offset], $0.offset) < (ranks[$1.offset], $1.offset)
    }
    parts = sorted.map(\.element)
    run.rewrite("parts", from: "another order", to: "the order of their types", Self.orderRule)
  }

  // MARK: Features

  private func setFeatures(
    of parts: inout [LayoutNode], to features: [UInt64], _ run: inout TranslationRun
  ) throws(LayoutError) {
    if !parts.contains(where: { $0["part_type"]?.integer == VirtioPart.deviceFeatures.rawValue }) {
      parts.insert(Self.part(deviceFeatures: features), at: 0)
      run.rewrite("dev_features", from: "none", to: Self.text(features), Self.featuresRule)
    }
    for index in parts.indices {
      let words = VirtioPartsCheck.words(of: parts[index])
      switch VirtioPart(rawValue: parts[index]["part_type"]?.integer ?? 0) {
      case .deviceFeatures where words != features:
        try Self.set(&parts[index], to: features)
        run.rewrite(
          "dev_features", from: Self.text(words), to: Self.text(features), Self.featuresRule)
      case .driverFeatures where words.count != features.count:
        // Words that would be lost are features that the target has not, which were refused.
        let resized = features.indices.map { words.indices.contains($0) ? words[$0] : 0 }
        try Self.set(&parts[index], to: resized)
        run.rewrite(
          "drv_features", from: "\(64 * words.count) bits", to: "\(64 * features.count) bits",
          Self.lengthRule)
      case .commonConfiguration:
        try setWindow(of: &parts[index], in: parts, to: features, &run)
      default: break
      }
    }
  }

  /// `device_feature`, if it is a part: 32 of the device's features, which `device_feature_select`
  /// chooses.
  private func setWindow(
    of part: inout LayoutNode, in parts: [LayoutNode], to features: [UInt64],
    _ run: inout TranslationRun
  ) throws(LayoutError) {
    guard part["common_cfg.offset"]?.integer == VirtioCommonField.deviceFeature.rawValue,
      let old = part["value.value"]?.integer,
      let select = VirtioPartsCheck.value(of: .deviceFeatureSelect, in: parts)
    else { return }
    let word = Int(clamping: select / 2)
    let value = features.indices.contains(word) ? features[word] >> (select % 2 == 0 ? 0 : 32) : 0
    let new = Int128(UInt32(truncatingIfNeeded: value))
    guard new != old else { return }
    try part.set("value.value", to: new)
    run.rewrite(
      "pci_common_cfg.device_feature", from: "0x\(hex(old))", to: "0x\(hex(new))",
      Self.featuresRule)
  }

  private static func set(_ part: inout LayoutNode, to words: [UInt64]) throws(LayoutError) {
    try part.update("value.words") { (node) throws(LayoutError) in
      node.content = .list(LayoutNode.Items(words.map { LayoutNode("words", $0) }))
    }
  }

  private static func part(deviceFeatures features: [UInt64]) -> LayoutNode {
    LayoutNode(
      "part",
      fields: [
        LayoutNode("part_type", VirtioPart.deviceFeatures.rawValue), LayoutNode("flags", 1),
        LayoutNode("reserved", 0), LayoutNode("selector", bytes: Array(repeating: 0, count: 8)),
        LayoutNode(
          "value",
          fields: [LayoutNode("words", items: features.map { LayoutNode("words", $0) })]),
      ])
  }

  private static func text(_ words: [UInt64]) -> String {
    words.map { "0x\(hex($0))" }.joined(separator: " ")
  }
}

/// The types of device parts that are known.
enum VirtioPart: Int128 {
  case deviceFeatures = 0x100
  case driverFeatures = 0x101
  case commonConfiguration = 0x102
  case deviceStatus = 0x103
  case queueConfiguration = 0x104
  case queueNotification = 0x105
  case netControl = 0x200
}

/// The fields of the common configuration that are looked at.
enum VirtioCommonField: Int128 {
  case deviceFeatureSelect = 0
  case deviceFeature = 4
  case driverFeatureSelect = 8
  case driverFeature = 12
  case configurationVector = 16
  case queueCount = 18
  case deviceStatus = 20
  case configurationGeneration = 21
  case queueSelect = 22
  case queueSize = 24
  case queueVector = 26
  case queueEnable = 28
  case queueNotifyOffset = 30
  case queueDescriptors = 32
  case queueDriver = 40
  case queueDevice = 48
  case queueNotifyData = 56
  case queueReset = 58
  case adminQueueIndex = 60
  case adminQueueCount = 62
}
