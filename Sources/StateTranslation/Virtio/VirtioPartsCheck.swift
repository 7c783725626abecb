import ByteIO
import StateLayout

/// Holds the device parts of a virtio function against a target.
struct VirtioPartsCheck {
  /// The features that the driver chose.
  private let negotiated: [UInt64]
  private let selectedQueue: Int128?
  /// The number of queues that the guest was shown, if the state has a part for it.
  private let shownQueueCount: Int128?

  private static let noVector: Int128 = 0xffff
  // DRIVER_OK; NEEDS_RESET and FAILED.
  private static let driverReady: Int128 = 0x04
  private static let brokenStatus: Int128 = 0xc0

  init(_ parts: [LayoutNode]) {
    let features = parts.first { $0["part_type"]?.integer == VirtioPart.driverFeatures.rawValue }
    negotiated = features.map(Self.words) ?? []
    selectedQueue = Self.value(of: .queueSelect, in: parts)
    shownQueueCount = Self.value(of: .queueCount, in: parts)
  }

  /// The words of a part with features.
  static func words(of part: LayoutNode) -> [UInt64] {
    (part["value.words"]?.items ?? []).map { UInt64(truncatingIfNeeded: $0.integer ?? 0) }
  }

  /// A field of the common configuration, if the state has a part for it.
  static func value(of field: VirtioCommonField, in parts: [LayoutNode]) -> Int128? {
    parts.first {
      $0["part_type"]?.integer == VirtioPart.commonConfiguration.rawValue
        && $0["common_cfg.offset"]?.integer == field.rawValue
    }?["value.value"]?.integer
  }

  /// The subject of a part, which no other part of a record has.
  static func name(of part: LayoutNode) -> String {
    let type = part["part_type"]?.integer ?? 0
    switch VirtioPart(rawValue: type) {
    case .deviceFeatures: return "dev_features"
    case .driverFeatures: return "drv_features"
    case .commonConfiguration:
      let field = part["common_cfg.offset"]
      return "pci_common_cfg.\(field?.meaning ?? "\(field?.integer ?? 0)")"
    case .deviceStatus: return "device_status"
    case .queueConfiguration: return "vq_cfg[\(part["queue.index"]?.integer ?? 0)]"
    case .queueNotification: return "vq_notify_cfg[\(part["queue.index"]?.integer ?? 0)]"
    case .netControl:
      let commandClass = part["control.command_class"]?.integer ?? 0
      return "net_cvq_cfg[\(commandClass).\(part["control.command"]?.integer ?? 0)]"
    case nil:
      let selector = part["selector"]?.payload?.loadedBytes ?? []
      return "part 0x\(hex(type))"
        + (selector.contains { $0 != 0 }
          ? "[\(selector.map { hex($0, digits: 2) }.joined())]" : "")
    }
  }

  /// The number of queues as the state has it, or else the target's; one that differs is refused
  /// elsewhere.
  private func queueCount(_ run: inout TranslationRun) -> Int128? {
    shownQueueCount
      ?? run.known(
        run.target.virtio?.queueCount.map { Int128($0) }, "virtio.num-queues", for: "queues")
  }

  /// Refuses a running device that lacks a queue, as a record has it that was cut between two
  /// parts.
  func holdQueues(of parts: [LayoutNode], _ run: inout TranslationRun) {
    let status = parts.first { $0["part_type"]?.integer == VirtioPart.deviceStatus.rawValue }
    guard let status = status?["value.status"]?.integer, status & Self.driverReady != 0,
      let count = queueCount(&run)
    else { return }
    let names = Set(parts.map(Self.name))
    for queue in 0..<min(count, 1 << 16) {
      for name in ["vq_cfg[\(queue)]", "vq_notify_cfg[\(queue)]"] where !names.contains(name) {
        run.refuse(
          name, found: "no such part",
          needed: "one for each of the \(count) queues, since the driver is ready")
      }
    }
  }

  /// Notes every reason why the target cannot have what the part says.
  func hold(_ part: LayoutNode, _ run: inout TranslationRun) {
    let name = Self.name(of: part)
    guard let kind = VirtioPart(rawValue: part["part_type"]?.integer ?? 0) else {
      return run.refuse(
        name, found: "a mandatory part that is not known here",
        needed: "parts that VIRTIO 1.4 defines")
    }
    holdReserved(part, kind, &run)
    switch kind {
    case .deviceFeatures: break
    case .driverFeatures: holdFeatures(part, &run)
    case .commonConfiguration: holdCommonField(part, &run)
    case .deviceStatus: hold(status: part["value.status"]?.integer, name, &run)
    case .queueConfiguration: holdQueue(part, &run)
    case .queueNotification:
      let queue = part["queue.index"]?.integer ?? 0
      hold(queue: queue, name, &run)
      hold(
        doorbell: part["value.queue_notify_off"]?.integer, of: queue,
        "\(name).queue_notify_off", &run)
      hold(
        doorbellData: part["value.queue_notif_config_data"]?.integer, of: queue,
        "\(name).queue_notif_config_data", &run)
    case .netControl: holdControl(part, &run)
    }
  }

  private func holdReserved(
    _ part: LayoutNode, _ kind: VirtioPart, _ run: inout TranslationRun
  ) {
    let selector =
      switch kind {
      case .commonConfiguration: part["common_cfg.reserved"]
      case .queueConfiguration, .queueNotification: part["queue.reserved"]
      case .netControl: part["control.reserved"]
      default: part["selector"]
      }
    let fields = [part["reserved"], selector, part["value.reserved"]].compactMap(\.self)
    let isZero = fields.allSatisfy { field in
      field.integer.map { $0 == 0 } ?? field.payload?.loadedBytes?.allSatisfy { $0 == 0 } ?? true
    }
    if !isZero || (part["flags"]?.integer ?? 0) > 1 {
      run.refuse(
        "\(kind)", found: "reserved fields that are not 0",
        needed: "0, since a target may give them a meaning")
    }
  }

  // MARK: Features and status

  private func holdFeatures(_ part: LayoutNode, _ run: inout TranslationRun) {
    guard
      let offered = run.known(
        run.target.virtio?.deviceFeatures, "virtio.device-features", for: "negotiated features")
    else { return }
    for feature in VirtioFeature.missing(from: offered, in: negotiated) {
      run.refuse(
        "drv_features", found: "feature \(feature) negotiated", needed: "a target that offers it")
    }
  }

  private func hold(status: Int128?, _ field: String, _ run: inout TranslationRun) {
    guard let status, status & Self.brokenStatus != 0 else { return }
    run.refuse(
      field, found: "0x\(hex(status))",
      needed: "a device that neither failed (0x80) nor needs a reset (0x40)")
  }

  // MARK: Common configuration

  private func holdCommonField(_ part: LayoutNode, _ run: inout TranslationRun) {
    let offset = part["common_cfg.offset"]?.integer ?? 0
    guard let field = VirtioCommonField(rawValue: offset), let value = part["value.value"]?.integer
    else {
      return run.refuse(
        "pci_common_cfg",
        found: "a field at offset \(offset) that is not known, or of another size",
        needed: "the fields of VIRTIO 1.4")
    }
    let name = Self.name(of: part)
    switch field {
    case .configurationVector, .queueVector: hold(vector: value, name, &run)
    case .queueCount:
      run.match(name, value, "virtio.num-queues", run.target.virtio?.queueCount)
    case .deviceStatus: hold(status: value, name, &run)
    case .queueSize:
      if let queue = selectedQueue { hold(size: value, of: queue, isEnabled: false, name, &run) }
    case .queueNotifyOffset:
      if let queue = selectedQueue { hold(doorbell: value, of: queue, name, &run) }
    case .queueNotifyData:
      if let queue = selectedQueue { hold(doorbellData: value, of: queue, name, &run) }
    case .queueReset, .adminQueueCount:
      if value != 0 { run.refuse(name, found: "\(value)", needed: "0") }
    default: break
    }
  }

  // MARK: Queues

  private func holdQueue(_ part: LayoutNode, _ run: inout TranslationRun) {
    let queue = part["queue.index"]?.integer ?? 0
    let name = Self.name(of: part)
    hold(queue: queue, name, &run)
    if let size = part["value.queue_size"]?.integer {
      hold(
        size: size, of: queue, isEnabled: part["value.enabled"]?.integer == 1, "\(name).queue_size",
        &run)
    }
    if let vector = part["value.vector"]?.integer { hold(vector: vector, "\(name).vector", &run) }
  }

  private func hold(queue: Int128, _ name: String, _ run: inout TranslationRun) {
    guard let count = run.known(run.target.virtio?.queueCount, "virtio.num-queues", for: "queues"),
      queue >= Int128(count)
    else { return }
    run.refuse(name, found: "queue \(queue)", needed: "a queue below \(count), the target's number")
  }

  private func hold(
    size: Int128, of queue: Int128, isEnabled: Bool, _ name: String, _ run: inout TranslationRun
  ) {
    let isPacked = VirtioFeature.packedRing.isSet(in: negotiated)
    if isEnabled, !isPacked, size.nonzeroBitCount != 1 {
      run.refuse(name, found: "\(size)", needed: "a power of two, since the ring is a split one")
    }
    guard
      let limit = run.known(
        run.target.virtio?.queueSize(of: Int(clamping: queue)), "virtio.queue-sizes",
        for: "queue sizes"), size > Int128(limit)
    else { return }
    run.refuse(name, found: "\(size)", needed: "at most \(limit), the target's largest")
  }

  private func hold(vector: Int128, _ name: String, _ run: inout TranslationRun) {
    guard vector != Self.noVector,
      let count = run.known(run.target.msixVectorCount, "msix-vectors", for: "interrupt vectors"),
      vector >= Int128(count)
    else { return }
    run.refuse(
      name, found: "\(vector)", needed: "a vector below \(count), the target's number, or none")
  }

  private func hold(
    doorbell: Int128?, of queue: Int128, _ name: String, _ run: inout TranslationRun
  ) {
    let offsets = run.target.virtio?.notifyOffsets
    run.match(
      name, doorbell, "virtio.notify-offsets", Self.item(Int(clamping: queue), of: offsets),
      for: "doorbells")
  }

  private func hold(
    doorbellData: Int128?, of queue: Int128, _ name: String, _ run: inout TranslationRun
  ) {
    let data = run.target.virtio?.notifyData
    run.match(
      name, doorbellData, "virtio.notify-data", Self.item(Int(clamping: queue), of: data),
      for: "doorbells")
  }

  private static func item(_ index: Int, of list: [Int]?) -> Int? {
    guard let list, list.indices.contains(index) else { return nil }
    return list[index]
  }

  // MARK: The control queue of a network device

  private func holdControl(_ part: LayoutNode, _ run: inout TranslationRun) {
    let commandClass = part["control.command_class"]?.integer ?? 0
    let command = part["control.command"]?.integer ?? 0
    let name = Self.name(of: part)
    guard let feature = VirtioFeature.needed(forClass: commandClass, command: command) else {
      return run.refuse(
        name, found: "a command that is not known", needed: "commands that VIRTIO 1.4 defines")
    }
    for feature in [feature, .controlQueue] where !feature.isSet(in: negotiated) {
      run.refuse(
        name, found: "feature \(feature) not negotiated", needed: "a part that goes with it")
    }
    switch (commandClass, command) {
    case (1, 0): holdAddresses(part, name, &run)
    case (4, 0): holdPairs(part, name, &run)
    default: break
    }
  }

  private func holdAddresses(_ part: LayoutNode, _ name: String, _ run: inout TranslationRun) {
    guard
      let limit = run.known(
        run.target.virtio?.addressLimit, "virtio.mac-addresses", for: "filtered addresses")
    else { return }
    for kind in ["unicast", "multicast"] {
      let count = part["value.data.\(kind).entries"]?.integer
      if let count, count <= Int128(limit) { continue }
      run.refuse(
        name, found: "\(count.map(String.init) ?? "unknown") \(kind) addresses",
        needed: "at most \(limit), the target's limit")
    }
  }

  /// A pair has two queues, and one more is the control queue that the command came by.
  private func holdPairs(_ part: LayoutNode, _ name: String, _ run: inout TranslationRun) {
    guard let count = part["value.data.virtqueue_pairs"]?.integer,
      let queues = queueCount(&run), count > max(0, queues - 1) / 2
    else { return }
    run.refuse(
      name, found: "\(count) pairs of queues",
      needed: "at most \(max(0, queues - 1) / 2), since there are \(queues) queues")
  }
}
