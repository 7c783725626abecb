import ByteIO
import StateTranslation

/// The fields of `struct virtio_pci_common_cfg` that are parts of their own; a queue's fields are
/// in its part.
enum VirtioCommonField: Int, Sendable, CaseIterable {
  case deviceFeatureSelect = 0
  case driverFeatureSelect = 8
  case configurationVector = 16
  case queueCount = 18
  case configurationGeneration = 21
  case queueSelect = 22

  var byteCount: Int {
    switch self {
    case .deviceFeatureSelect, .driverFeatureSelect: 4
    case .configurationVector, .queueCount, .queueSelect: 2
    case .configurationGeneration: 1
    }
  }
}

extension VirtioNetState {
  func value(of field: VirtioCommonField) -> UInt64 {
    switch field {
    case .deviceFeatureSelect: UInt64(deviceFeatureSelect)
    case .driverFeatureSelect: UInt64(driverFeatureSelect)
    case .configurationVector: UInt64(configurationVector)
    case .queueCount: UInt64(queues.count)
    case .configurationGeneration: UInt64(configurationGeneration)
    case .queueSelect: UInt64(queueSelect)
    }
  }

  /// The result of DEV_PARTS_GET for all parts, in the order that is mandatory.
  func parts(_ settings: VirtioNetSettings) -> [UInt8] {
    var parts: [VirtioPart] = []
    func features(_ low: UInt64) -> [UInt8] {
      var writer = ByteWriter()
      for index in 0..<settings.featureWordCount { writer.little(index == 0 ? low : 0) }
      return writer.bytes
    }
    parts.append(
      VirtioPart(
        kind: .deviceFeatures, flags: VirtioPart.optional,
        value: features(settings.features.rawValue)))
    parts.append(VirtioPart(kind: .driverFeatures, value: features(driverFeatures)))
    for field in VirtioCommonField.allCases {
      let value = value(of: field)
      parts.append(
        VirtioPart(
          kind: .commonConfiguration, selector: UInt64(field.rawValue),
          value: (0..<field.byteCount).map { UInt8(truncatingIfNeeded: value >> UInt64(8 * $0)) }))
    }
    parts.append(VirtioPart(kind: .deviceStatus, value: [status]))
    for (index, queue) in queues.enumerated() {
      parts.append(
        VirtioPart(kind: .queueConfiguration, selector: UInt64(index), value: queue.bytes))
    }
    for index in queues.indices {
      parts.append(
        VirtioPart(
          kind: .queueNotification, selector: UInt64(index),
          value: Self.notification(of: index, settings)))
    }
    for control in controls {
      parts.append(
        VirtioPart(
          kind: .netControl, selector: UInt64(control.selector.rawValue), value: control.data))
    }
    var writer = ByteWriter()
    for part in parts { part.append(to: &writer) }
    return writer.bytes
  }

  /// Where the guest finds the doorbell of a queue: the device's, and no state.
  static func notification(of queue: Int, _ settings: VirtioNetSettings) -> [UInt8] {
    var writer = ByteWriter(reserving: 8)
    writer.little(settings.notifyOffset(queue))
    writer.little(settings.notifyData(queue))
    writer.little(0 as UInt32)
    return writer.bytes
  }
}
