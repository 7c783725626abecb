public import PCIConfig

/// The configuration space that a guest sees, served: reads and writes of any size and alignment.
///
/// One access costs no allocation, so it may sit in the path of a VM exit. A VMM that maps regions
/// or injects interrupts acts on the effects that ``write(_:byteCount:value:)`` returns.
public struct VirtualConfigSpace<Device: PhysicalConfigAccess & ~Copyable>: ~Copyable {
  /// The profile, laid out.
  public let layout: ProfileLayout
  /// The places on the device that bytes of the space stand for.
  public let places: PhysicalOffsets
  /// The device behind the space.
  public var device: Device

  private let image: ConfigSpaceImage
  /// The VMM's own bits; those that the device serves are 0.
  private var state: [UInt8]

  /// A space as after a reset. Every counterpart of the layout must exist, as `check` makes sure.
  public init(
    _ layout: ProfileLayout, at places: PhysicalOffsets, on device: consuming Device
  ) throws(PCIConfigError) {
    guard places.missing.isEmpty, places.offsets.count == layout.byteCount else {
      throw PCIConfigError(
        .profile, at: places.missing.first.map { .offset($0) } ?? .whole,
        "expected a device with every register that the profile passes through")
    }
    self.layout = layout
    self.places = places
    self.device = device
    image = layout.image
    state = zip(layout.image.reset, layout.image.device).map { $0 & ~$1 }
  }

  /// The size of the space: 256 or 4096 bytes.
  public var byteCount: Int { image.byteCount }

  /// Brings the VMM's bits to the profile's values; the device is not touched.
  public mutating func reset() {
    for index in 0..<image.byteCount { state[index] = image.reset[index] & ~image.device[index] }
  }

  /// What a guest reads at `offset`, 1 to 8 bytes, lowest first; all ones outside the space, as on
  /// a bus.
  public func read(_ offset: Int, byteCount: Int) throws(Device.Failure) -> UInt64 {
    guard (1...8).contains(byteCount), offset >= 0, offset < image.byteCount else { return .max }
    var value: UInt64 = 0
    var device: UInt8 = 0
    var index = 0
    while index < byteCount {
      let byte = offset &+ index
      let shift = UInt64(truncatingIfNeeded: index &* 8)
      if byte < image.byteCount {
        value |= UInt64(state[byte]) << shift
        device |= image.device[byte]
      } else {
        value |= 0xff << shift
      }
      index &+= 1
    }
    return try device == 0 ? value : value | deviceBits(offset, byteCount: byteCount)
  }

  /// The bits that the device serves among `byteCount` bytes at `offset`, the others 0.
  private func deviceBits(_ offset: Int, byteCount: Int) throws(Device.Failure) -> UInt64 {
    var value: UInt64 = 0
    var index = 0
    while index < byteCount {
      let count = runLength(offset &+ index, limit: byteCount &- index)
      guard count > 0 else {
        index &+= 1
        continue
      }
      let found = try device.read(Int(places.offsets[offset &+ index]), byteCount: count)
      for step in 0..<count {
        let bits = PlacedRegister.byte(step, of: found) & image.device[offset &+ index &+ step]
        value |= UInt64(bits) << UInt64(truncatingIfNeeded: (index &+ step) &* 8)
      }
      index &+= count
    }
    return value
  }

  /// How many bytes from `offset` on one access of the device can serve: 0, 1, 2 or 4.
  ///
  /// The bytes must lie side by side on the device too, at a multiple of their count.
  private func runLength(_ offset: Int, limit: Int) -> Int {
    guard offset < image.byteCount, image.device[offset] != 0, places.offsets[offset] >= 0 else {
      return 0
    }
    let start = Int(places.offsets[offset])
    var count = 1
    while count < 4, start % (count &* 2) == 0, count &* 2 <= limit,
      offset &+ count &* 2 <= image.byteCount
    {
      for step in count..<count &* 2
      where image.device[offset &+ step] == 0
        || Int(places.offsets[offset &+ step]) != start &+ step
      {
        return count
      }
      count &*= 2
    }
    return count
  }

  /// Takes a guest's write of 1 to 8 bytes at `offset`, and returns what a VMM has to act on.
  ///
  /// Bytes outside the space and bits that a guest cannot write are ignored. If the device fails,
  /// the VMM's own bits are written all the same, and the device's from the failing register on
  /// not.
  @discardableResult
  public mutating func write(
    _ offset: Int, byteCount: Int, value: UInt64
  ) throws(Device.Failure) -> ConfigWriteEffects {
    guard (1...8).contains(byteCount), offset >= 0, offset < image.byteCount else { return [] }
    var effects: UInt8 = 0
    var toDevice: UInt8 = 0
    var index = 0
    while index < byteCount, offset &+ index < image.byteCount {
      let byte = offset &+ index
      let written = UInt8(truncatingIfNeeded: value >> UInt64(truncatingIfNeeded: index &* 8))
      let old = state[byte]
      let writable = image.writable[byte]
      let new = (old & ~writable | written & writable) & ~(written & image.clearable[byte])
      state[byte] = new
      if new != old || written & image.trigger[byte] != 0 { effects |= image.effects[byte] }
      toDevice |= image.forwarded[byte] | image.deviceWritable[byte]
      index &+= 1
    }
    if toDevice != 0 { try writeDevice(offset, byteCount: byteCount, value: value) }
    var result = ConfigWriteEffects(rawValue: effects)
    if result.contains(.functionReset), !isReset(offset, byteCount: byteCount, value: value) {
      result.remove(.functionReset)
    }
    return result
  }

  /// Whether the write sets a bit that asks for a reset, rather than another bit of the same byte.
  private func isReset(_ offset: Int, byteCount: Int, value: UInt64) -> Bool {
    (0..<byteCount).contains { index in
      let byte = offset &+ index
      guard byte < image.byteCount else { return false }
      let written = UInt8(truncatingIfNeeded: value >> UInt64(truncatingIfNeeded: index &* 8))
      return written & image.trigger[byte] != 0
        && image.effects[byte] & ConfigWriteEffects.functionReset.rawValue != 0
    }
  }

  /// Passes the guest's bits on, and leaves the device's other bits as they are.
  private mutating func writeDevice(
    _ offset: Int, byteCount: Int, value: UInt64
  ) throws(Device.Failure) {
    var index = 0
    while index < byteCount, offset &+ index < image.byteCount {
      let byte = offset &+ index
      let bits = passed(byte)
      let place = Int(places.offsets[byte])
      var count = 1
      if bits != 0, place >= 0 {
        let written = value >> UInt64(truncatingIfNeeded: index &* 8)
        count = wideCount(byte, limit: byteCount &- index)
        if count > 1 {
          try device.write(place, byteCount: count, value: UInt32(truncatingIfNeeded: written))
        } else {
          try push(
            UInt8(truncatingIfNeeded: written), bits, to: place,
            neighboursClear: image.hardwareClear[byte])
        }
      }
      index &+= count
    }
  }

  /// The bits of a byte that a write passes to the device.
  private func passed(_ byte: Int) -> UInt8 {
    image.forwarded[byte] | image.deviceWritable[byte]
  }

  /// How many bytes from `byte` on are the device's whole and lie side by side there: 1, 2 or 4.
  ///
  /// Such a register gets one write of its size, which some need; others get the bytes that hold
  /// their bits.
  private func wideCount(_ byte: Int, limit: Int) -> Int {
    let start = Int(places.offsets[byte])
    var count = 1
    while count < 4, start % (count &* 2) == 0, count &* 2 <= limit,
      byte &+ count &* 2 <= image.byteCount,
      (0..<count &* 2).allSatisfy({
        passed(byte &+ $0) == 0xff && Int(places.offsets[byte &+ $0]) == start &+ $0
      })
    { count &*= 2 }
    return count
  }

  /// Writes `bits` of `value` to the device's byte at `place`.
  ///
  /// A byte is written alone: its neighbours may be registers of their own, and some clear what
  /// they are written.
  private mutating func push(
    _ value: UInt8, _ bits: UInt8, to place: Int, neighboursClear: UInt8
  ) throws(Device.Failure) {
    var byte = value & bits
    if bits != 0xff {
      let old = try UInt8(truncatingIfNeeded: device.read(place, byteCount: 1))
      byte |= old & ~bits & ~neighboursClear
    }
    try device.write(place, byteCount: 1, value: UInt32(byte))
  }
}

extension VirtualConfigSpace where Device: ~Copyable {
  /// What the guest sees now, and which bits of it are the VMM's, for a stream's configuration
  /// record. The device's own bytes are for its owner to add, who knows how many it has.
  public func save() throws(Device.Failure) -> ConfigSpaceState {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(image.byteCount)
    for offset in stride(from: 0, to: image.byteCount, by: 4) {
      let value = try read(offset, byteCount: 4)
      for index in 0..<4 {
        bytes.append(UInt8(truncatingIfNeeded: value >> UInt64(index * 8)))
      }
    }
    return ConfigSpaceState(
      synthesized: bytes, emulatedBits: image.device.map { ~$0 }, profileName: layout.profile.name,
      profileDigest: layout.digest)
  }

  /// Takes the state of the same profile on another host: the VMM's bits as they were there, and
  /// the device's control bits written to this device. Bits that a 1 clears are not written.
  public mutating func restore(
    _ saved: ConfigSpaceState
  ) throws(ConfigRestoreError<Device.Failure>) {
    guard saved.synthesized.count == image.byteCount else {
      throw .mismatch(
        PCIConfigError(
          .size,
          "expected a state of \(image.byteCount) bytes, found \(saved.synthesized.count)"))
    }
    if let digest = saved.profileDigest, digest != layout.digest {
      throw .mismatch(
        PCIConfigError(
          .profile,
          "expected the state of a profile with the digest \(layout.digest), found "
            + "\(saved.profileName ?? "a profile") with \(digest)"))
    }
    reset()
    for index in 0..<image.byteCount {
      let own = image.writable[index] | image.clearable[index]
      let value = saved.synthesized[index]
      state[index] = state[index] & ~own | value & own
      let clear = image.hardwareClear[index]
      let bits = passed(index) & ~clear
      let place = Int(places.offsets[index])
      guard bits != 0, place >= 0 else { continue }
      do throws(Device.Failure) {
        try push(value, bits, to: place, neighboursClear: clear)
      } catch {
        throw .device(error)
      }
    }
  }
}

/// Why a virtual configuration space could not take a state.
public enum ConfigRestoreError<DeviceFailure: Error>: Error {
  /// The state is not one of the space's profile; nothing was restored.
  case mismatch(PCIConfigError)
  /// The device failed at one of its registers; the VMM's bits and the registers before it are
  /// restored up to there.
  case device(DeviceFailure)
}

extension ConfigRestoreError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .mismatch(let error): "\(error)"
    case .device(let error): "\(error)"
    }
  }
}
