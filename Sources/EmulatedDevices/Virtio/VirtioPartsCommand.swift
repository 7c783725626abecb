import ByteIO
import Devices
import StateTranslation

/// DEV_PARTS_SET: what the device does with the parts that it is given (VIRTIO 1.4, device parts).
///
/// The device refuses with a status, which the driver hands on as errno; it changes nothing then.
struct VirtioPartsCommand {
  private let settings: VirtioNetSettings
  private(set) var state: VirtioNetState
  private var seen: Set<Key> = []
  private var rank = -1

  private struct Key: Hashable {
    var kind: VirtioPart.Kind
    var selector: UInt64
  }

  /// The state of a device that was in `state` and took all of `parts`.
  init(
    _ bytes: [UInt8], on state: VirtioNetState, _ settings: VirtioNetSettings
  ) throws(LinuxErrno) {
    self.settings = settings
    self.state = state
    for part in try VirtioPart.parts(in: bytes) { try take(part) }
  }

  private mutating func take(_ part: VirtioPart) throws(LinuxErrno) {
    guard part.reserved == 0, part.flags & ~VirtioPart.optional == 0 else { throw .invalid }
    guard part.kind.rank != nil || part.kind == .netControl else {
      // An unknown part is passed over if it is optional.
      if part.flags & VirtioPart.optional != 0 { return }
      throw .invalid
    }
    guard seen.insert(Key(kind: part.kind, selector: part.selector)).inserted else {
      throw .invalid
    }
    if let rank = part.kind.rank {
      // Each kind has all that precede it as its mandatory preceding parts, DEV_FEATURES among
      // them.
      guard rank == self.rank || rank == self.rank + 1 else { throw .invalid }
      self.rank = rank
    }
    switch part.kind {
    case .deviceFeatures:
      guard part.selector == 0, try features(part.value) == settings.features.rawValue else {
        throw .invalid
      }
    case .driverFeatures: try setDriverFeatures(part)
    case .commonConfiguration: try setField(part)
    case .deviceStatus:
      guard part.selector == 0, part.value.count == 1 else { throw .invalid }
      state.status = part.value[0]
    case .queueConfiguration: try setQueue(part)
    case .queueNotification:
      let index = try queue(part.selector)
      // The guest has them already, and the device cannot have others.
      guard part.value == VirtioNetState.notification(of: index, settings) else {
        throw .invalid
      }
    default: try setControl(part)
    }
  }

  private func features(_ value: [UInt8]) throws(LinuxErrno) -> UInt64 {
    guard value.count == 8 * settings.featureWordCount, value.dropFirst(8).allSatisfy({ $0 == 0 })
    else { throw .invalid }
    return value.span.raw.little(UInt64.self, at: 0)
  }

  private mutating func setDriverFeatures(_ part: VirtioPart) throws(LinuxErrno) {
    let negotiated = try features(part.value)
    guard part.selector == 0, negotiated & ~settings.features.rawValue == 0 else {
      throw .invalid
    }
    state.driverFeatures = negotiated
    // The commands of the control queue begin with the driver.
    state.controls = []
  }

  private mutating func setField(_ part: VirtioPart) throws(LinuxErrno) {
    guard part.selector <= 0xffff, let field = VirtioCommonField(rawValue: Int(part.selector)),
      part.value.count == field.byteCount
    else { throw .invalid }
    let value = part.value.reversed().reduce(0 as UInt64) { $0 << 8 | UInt64($1) }
    switch field {
    case .deviceFeatureSelect: state.deviceFeatureSelect = UInt32(value)
    case .driverFeatureSelect: state.driverFeatureSelect = UInt32(value)
    case .configurationVector: state.configurationVector = try vector(UInt16(value))
    case .queueCount: guard value == UInt64(state.queues.count) else { throw .invalid }
    case .configurationGeneration: state.configurationGeneration = UInt8(value)
    case .queueSelect: state.queueSelect = UInt16(value)
    }
  }

  private func vector(_ vector: UInt16) throws(LinuxErrno) -> UInt16 {
    guard vector == VirtioNetState.noVector || Int(vector) < settings.vectorCount else {
      throw .invalid
    }
    return vector
  }

  /// An index of two bytes; the other six are reserved.
  private func queue(_ selector: UInt64) throws(LinuxErrno) -> Int {
    guard selector < UInt64(state.queues.count) else { throw .invalid }
    return Int(selector)
  }

  private mutating func setQueue(_ part: VirtioPart) throws(LinuxErrno) {
    let index = try queue(part.selector)
    guard let queue = VirtioNetState.Queue(parsing: part.value), queue.size <= settings.queueSize
    else { throw .invalid }
    _ = try vector(queue.vector)
    if queue.isEnabled {
      let isPacked = VirtioNetSettings.Features(rawValue: state.driverFeatures)
        .contains(.packedRing)
      guard queue.size > 0, isPacked || queue.size.nonzeroBitCount == 1 else { throw .invalid }
    }
    state.queues[index] = queue
  }

  private mutating func setControl(_ part: VirtioPart) throws(LinuxErrno) {
    guard part.selector <= 0xffff else { throw .invalid }
    let selector = VirtioNetControl(rawValue: UInt16(part.selector))
    let negotiated = VirtioNetSettings.Features(rawValue: state.driverFeatures)
    guard let feature = selector.feature, negotiated.contains([feature, .controlQueue]) else {
      throw .invalid
    }
    if let defect = selector.defect(in: part.value, settings) { throw defect }
    let control = VirtioNetState.Control(selector: selector, data: part.value)
    let known = state.controls.firstIndex { $0.selector == selector }
    if let known {
      state.controls[known] = control
    } else {
      state.controls.append(control)
      state.controls.sort { ($0.selector.sortKey) < ($1.selector.sortKey) }
    }
  }
}

extension VirtioNetControl {
  /// By class, then by command.
  var sortKey: UInt16 { rawValue.byteSwapped }
}
