import ByteIO

/// A guest's state of a virtio network function: all that its device parts carry.
struct VirtioNetState: Sendable, Hashable {
  /// `struct virtio_pci_common_cfg` for one queue, as the part of a queue has it.
  struct Queue: Sendable, Hashable {
    static let byteCount = 32

    var size: UInt16
    /// 0xffff for none.
    var vector: UInt16 = 0xffff
    var isEnabled = false
    var descriptors: UInt64 = 0
    var driver: UInt64 = 0
    var device: UInt64 = 0
  }

  /// A command that the control queue took, with its data.
  struct Control: Sendable, Hashable {
    var selector: VirtioNetControl
    var data: [UInt8]
  }

  static let noVector: UInt16 = 0xffff

  var driverFeatures: UInt64 = 0
  var deviceFeatureSelect: UInt32 = 0
  var driverFeatureSelect: UInt32 = 0
  var configurationVector = noVector
  var configurationGeneration: UInt8 = 0
  var queueSelect: UInt16 = 0
  var status: UInt8 = 0
  var queues: [Queue]
  /// In the order of their selectors.
  var controls: [Control] = []

  /// A function that no driver has touched.
  init(_ settings: VirtioNetSettings) {
    queues = (0..<settings.queueCount).map { _ in Queue(size: settings.queueSize) }
  }

  /// The state that a guest's driver has set up.
  init(_ settings: VirtioNetSettings, _ workload: inout GuestWorkload) {
    self.init(settings)
    let needed = VirtioNetSettings.Features([.version1, .controlQueue, .multiqueue])
    let chosen = VirtioNetSettings.Features(rawValue: workload.next()).union(needed)
    let negotiated = settings.negotiated ?? settings.features.intersection(chosen)
    driverFeatures = negotiated.rawValue
    deviceFeatureSelect = 1
    driverFeatureSelect = 1
    configurationVector = 0
    // ACKNOWLEDGE, DRIVER, DRIVER_OK and FEATURES_OK.
    status = 0xf
    queueSelect = UInt16(queues.count - 1)
    configurationGeneration = UInt8(truncatingIfNeeded: workload.next() & 3)
    for index in queues.indices {
      let isOwn = settings.vectorCount > queues.count
      queues[index].vector = isOwn ? UInt16(index + 1) : UInt16(settings.vectorCount - 1)
      queues[index].isEnabled = true
      queues[index].descriptors = workload.page()
      queues[index].driver = workload.page()
      queues[index].device = workload.page()
    }
    if negotiated.contains(.controlQueue) {
      controls = VirtioNetControl.commands(settings, negotiated, &workload)
    }
  }

  /// The state that the guest finds on any target: all but the device's own properties.
  var bytes: [UInt8] {
    var writer = ByteWriter()
    writer.little(driverFeatures)
    writer.little(deviceFeatureSelect)
    writer.little(driverFeatureSelect)
    writer.little(configurationVector)
    writer.little(configurationGeneration)
    writer.little(queueSelect)
    writer.little(status)
    for queue in queues { writer.append(queue.bytes) }
    for control in controls {
      writer.little(control.selector.rawValue)
      writer.little(UInt32(control.data.count))
      writer.append(control.data)
    }
    return writer.bytes
  }
}

extension VirtioNetState.Queue {
  var bytes: [UInt8] {
    var writer = ByteWriter(reserving: Self.byteCount)
    for value in [size, vector, isEnabled ? 1 : 0, 0] { writer.little(value) }
    for address in [descriptors, driver, device] { writer.little(address) }
    return writer.bytes
  }

  /// The queue in the value of a part; nil if its length or its reserved bytes are wrong.
  init?(parsing value: [UInt8]) {
    guard value.count == Self.byteCount else { return nil }
    let fields = value.span.raw
    let enabled = fields.little(UInt16.self, at: 4)
    guard enabled <= 1, fields.little(UInt16.self, at: 6) == 0 else { return nil }
    size = fields.little(UInt16.self, at: 0)
    vector = fields.little(UInt16.self, at: 2)
    isEnabled = enabled == 1
    descriptors = fields.little(UInt64.self, at: 8)
    driver = fields.little(UInt64.self, at: 16)
    device = fields.little(UInt64.self, at: 24)
  }
}
