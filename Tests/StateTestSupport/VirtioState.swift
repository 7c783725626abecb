import TestSupport

/// A state of a virtio network function, part by part.
package struct VirtioState {
  package struct Part {
    package var type: UInt16
    package var flags: UInt8 = 0
    package var reserved: UInt8 = 0
    package var selector: [UInt8] = Array(repeating: 0, count: 8)
    /// What the header says where it lies.
    package var length: UInt32?
    package var value: [UInt8]

    package init(
      type: UInt16, flags: UInt8 = 0, reserved: UInt8 = 0,
      selector: [UInt8] = Array(repeating: 0, count: 8), length: UInt32? = nil, value: [UInt8]
    ) {
      (self.type, self.flags, self.reserved) = (type, flags, reserved)
      (self.selector, self.length, self.value) = (selector, length, value)
    }

    package var bytes: [UInt8] {
      var writer = StateWriter()
      writer.put(type)
      writer.put(flags)
      writer.put(reserved)
      writer.put(selector)
      writer.put(length ?? UInt32(value.count))
      writer.put(value)
      return writer.bytes
    }
  }

  package struct Queue {
    package var size: UInt16 = 512
    package var vector: UInt16 = 0xffff
    package var enabled: UInt16 = 1
    package var reserved: UInt16 = 0
    package var desc: UInt64 = 0x1000_0000
    package var driver: UInt64 = 0x1000_2000
    package var device: UInt64 = 0x1000_3000

    package init(
      size: UInt16 = 512, vector: UInt16 = 0xffff, enabled: UInt16 = 1, reserved: UInt16 = 0,
      desc: UInt64 = 0x1000_0000, driver: UInt64 = 0x1000_2000, device: UInt64 = 0x1000_3000
    ) {
      (self.size, self.vector, self.enabled, self.reserved) = (size, vector, enabled, reserved)
      (self.desc, self.driver, self.device) = (desc, driver, device)
    }

    package var bytes: [UInt8] {
      var writer = StateWriter()
      writer.put(size)
      writer.put(vector)
      writer.put(enabled)
      writer.put(reserved)
      writer.put(desc)
      writer.put(driver)
      writer.put(device)
      return writer.bytes
    }
  }

  package var flags: UInt32 = 0
  package var tag: UInt32 = 0
  package var parts: [Part] = []

  package init(flags: UInt32 = 0, tag: UInt32 = 0, parts: [Part] = []) {
    (self.flags, self.tag, self.parts) = (flags, tag, parts)
  }

  /// The record that the driver hands out for these parts.
  package var bytes: [UInt8] {
    Self.record(parts.flatMap(\.bytes), flags: flags, tag: tag)
  }

  package static func record(_ data: [UInt8], flags: UInt32 = 0, tag: UInt32 = 0) -> [UInt8] {
    var writer = StateWriter()
    writer.put(UInt64(data.count))
    writer.put(flags)
    writer.put(tag)
    writer.put(data)
    return writer.bytes
  }

  package static func words(_ words: [UInt64]) -> [UInt8] {
    var writer = StateWriter()
    for word in words { writer.put(word) }
    return writer.bytes
  }

  package static func commonConfiguration(_ offset: UInt32, _ value: some FixedWidthInteger) -> Part
  {
    var selector = StateWriter()
    selector.put(offset)
    selector.put(zeros: 4)
    var writer = StateWriter()
    writer.put(value)
    return Part(type: 0x102, selector: selector.bytes, value: writer.bytes)
  }

  package static func queue(_ index: UInt16, _ queue: Queue) -> Part {
    var selector = StateWriter()
    selector.put(index)
    selector.put(zeros: 6)
    return Part(type: 0x104, selector: selector.bytes, value: queue.bytes)
  }

  package static func notification(_ index: UInt16, offset: UInt16, data: UInt16) -> Part {
    var selector = StateWriter()
    selector.put(index)
    selector.put(zeros: 6)
    var writer = StateWriter()
    writer.put(offset)
    writer.put(data)
    writer.put(0 as UInt32)
    return Part(type: 0x105, selector: selector.bytes, value: writer.bytes)
  }

  package static func control(_ class: UInt8, _ command: UInt8, _ data: [UInt8]) -> Part {
    Part(type: 0x200, selector: [`class`, command, 0, 0, 0, 0, 0, 0], value: data)
  }

  /// Two queue pairs and a control queue, as a driver leaves them that runs.
  package static var sample: VirtioState {
    var state = VirtioState()
    state.parts = [
      Part(type: 0x100, flags: 1, value: words([0x1_3000_7fff_ffff])),
      Part(type: 0x101, value: words([0x1_3000_0042_8021])),
      commonConfiguration(16, 3 as UInt16),
      commonConfiguration(18, 5 as UInt16),
      commonConfiguration(21, 7 as UInt8),
      commonConfiguration(8, 1 as UInt32),
      Part(type: 0x103, value: [0x0f]),
      queue(0, Queue(vector: 0)),
      queue(1, Queue(size: 256, vector: 1, desc: 0x2000_0000)),
      notification(0, offset: 0, data: 0),
      notification(1, offset: 1, data: 9),
      control(0, 0, [1]),
      control(1, 0, [1, 0, 0, 0, 0x52, 0x54, 0, 0x12, 0x34, 0x56, 0, 0, 0, 0]),
      control(1, 1, [0x52, 0x54, 0, 0x12, 0x34, 0x57]),
      control(2, 0, [1, 0, 100, 0]),
      control(4, 0, [2, 0]),
      control(4, 1, [0x3f, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1, 0, 2, 0, 3, 0xa, 0xb, 0xc]),
    ]
    return state
  }

  package static func random(seed: UInt64) -> VirtioState {
    var generator = SplitMix64(seed: seed)
    var state = VirtioState()
    let words = Int.random(in: 1...4, using: &generator)
    state.parts = [
      Part(type: 0x100, flags: 1, value: Self.words((0..<words).map { _ in generator.next() })),
      Part(type: 0x101, value: Self.words((0..<words).map { _ in generator.next() })),
    ]
    let wide: [UInt32] = [0, 4, 8, 12]
    for offset in wide where Bool.random(using: &generator) {
      state.parts.append(
        commonConfiguration(offset, UInt32(truncatingIfNeeded: generator.next())))
    }
    let narrow: [UInt32] = [16, 18, 22, 24, 26, 28, 30, 56, 58, 60, 62]
    for offset in narrow where Bool.random(using: &generator) {
      state.parts.append(
        commonConfiguration(offset, UInt16(truncatingIfNeeded: generator.next())))
    }
    let addresses: [UInt32] = [32, 40, 48]
    for offset in addresses where Bool.random(using: &generator) {
      state.parts.append(commonConfiguration(offset, generator.next()))
    }
    let isDriverReady = Bool.random(using: &generator)
    state.parts.append(Part(type: 0x103, value: [isDriverReady ? 0x0f : 0x03]))
    let queueCount = UInt16.random(in: 0...9, using: &generator)
    for index in 0..<queueCount {
      var item = Queue()
      item.enabled = isDriverReady ? 1 : 0
      item.size = 1 << UInt16.random(in: 0...15, using: &generator)
      item.vector = UInt16(truncatingIfNeeded: generator.next())
      item.desc = generator.next() & ~15
      item.driver = generator.next() & ~15
      item.device = generator.next() & ~15
      state.parts.append(queue(index, item))
    }
    for index in 0..<queueCount {
      state.parts.append(
        notification(index, offset: index, data: UInt16(truncatingIfNeeded: generator.next())))
    }
    if Bool.random(using: &generator) { state.parts.append(control(0, 1, [0])) }
    if Bool.random(using: &generator) { state.parts.append(control(3, 0, [])) }
    if Bool.random(using: &generator) {
      let key = UInt8.random(in: 0...40, using: &generator)
      state.parts.append(
        control(
          4, 2, [1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, key] + generator.bytes(Int(key))))
    }
    return state
  }
}
