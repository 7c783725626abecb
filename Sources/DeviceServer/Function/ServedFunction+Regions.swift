import ByteIO
import Devices
private import Glibc
import VFIOUser
import VirtualPCI

extension ServedFunction {
  private func size(of index: UInt32) -> UInt64 {
    if index == Self.configurationRegion { return UInt64(configuration.byteCount) }
    let found = regionDevice?.regions.first { $0.index == index }?.byteCount ?? 0
    // The guest may be shown fewer BARs than the device has, and smaller ones.
    guard let profile = configuration.profile?.profile, index < 6 else { return found }
    guard let bar = profile.bars.first(where: { $0.index == Int(index) }) else { return 0 }
    return min(bar.size, found)
  }

  /// Whether a client that may map finds something to map.
  var hasMappings: Bool {
    regionDevice?.regions.contains {
      $0.index < 6 && $0.byteCount > 0 && $0.flags.contains(.map)
    } ?? false
  }

  func region(
    _ question: InformationRequest, _ side: Side
  ) throws(LinuxErrno) -> Answer {
    guard question.index < Self.regionCount, question.replyLimit >= 32 else { throw .invalid }
    let byteCount =
      side == .client
      ? size(of: question.index)
      : regionDevice?.regions.first { $0.index == question.index }?.byteCount ?? 0
    var region = RegionInformation(
      index: question.index, flags: byteCount > 0 ? [.read, .write] : [], byteCount: byteCount,
      offset: 0)
    guard side == .client, mayMap, question.index < 6, byteCount > 0,
      let mapping = try naming({ () throws(DeviceError) in
        try regionDevice?.mapping(of: question.index)
      })
    else { return Answer(.region(region, needed: 32)) }
    region.flags.insert(.map)
    region.offset = mapping.offset
    mapsRegisters = true
    let areas = mapping.areas.map { $0.clamped(to: 0..<byteCount) }.filter { !$0.isEmpty }
    if areas != [0..<byteCount] { region.capabilities = [.sparse(areas)] }
    return Answer(
      .region(region, needed: 32), descriptors: [mapping.descriptor])
  }

  func read(_ range: RegionRange) throws(LinuxErrno) -> [UInt8] {
    let count = try check(range.region, range.offset, Int(range.byteCount))
    if range.region == Self.configurationRegion {
      counters.configurationReads += 1
      return try naming { () throws(DeviceError) in
        try configuration.read(Int(range.offset), byteCount: count)
      }
    }
    counters.regionReads += 1
    guard let regionDevice else { throw .invalid }
    var buffer = ByteBuffer(capacity: count)
    while buffer.count < count {
      let place = range.offset + UInt64(buffer.count)
      let got = try naming { () throws(DeviceError) in
        try buffer.fill(limit: count - buffer.count) { (span) throws(DeviceError) in
          try regionDevice.read(into: &span, from: range.region, at: place)
        }
      }
      guard got > 0 else { throw .inputOutput }
    }
    return [UInt8](buffer.bytes)
  }

  func write(_ data: [UInt8], _ region: UInt32, at offset: UInt64) throws(LinuxErrno) {
    _ = try check(region, offset, data.count)
    if region == Self.configurationRegion {
      counters.configurationWrites += 1
      let resets = try naming { () throws(DeviceError) in
        try configuration.write(data, at: Int(offset))
      }
      if resets { try reset(by: .client) }
      return
    }
    counters.regionWrites += 1
    guard let regionDevice else { throw .invalid }
    var rest = data.span.raw
    var place = offset
    while rest.byteCount > 0 {
      let taken = try naming { () throws(DeviceError) in
        try regionDevice.write(rest, to: region, at: place)
      }
      guard taken > 0 else { throw .inputOutput }
      rest = rest.extracting(droppingFirst: taken)
      place += UInt64(taken)
    }
  }

  /// Refuses an access outside the region, or in a state in which nobody may touch the device.
  private func check(
    _ region: UInt32, _ offset: UInt64, _ count: Int
  ) throws(LinuxErrno) -> Int {
    guard count <= Self.transferByteLimit else { throw LinuxErrno(rawValue: E2BIG) }
    let size = size(of: region)
    guard UInt64(count) <= size, offset <= size - UInt64(count) else { throw .invalid }
    // Whoever stopped the device is not to touch it (include/uapi/linux/vfio.h); in STOP it answers
    // for its configuration space.
    guard channel == nil && region == Self.configurationRegion || isRunning else { throw .invalid }
    return count
  }
}

extension InformationCapability {
  /// The areas of a region that can be mapped (`struct vfio_region_info_cap_sparse_mmap`).
  fileprivate static func sparse(_ areas: [Range<UInt64>]) -> InformationCapability {
    var writer = ByteWriter(reserving: 8 + 16 * areas.count)
    writer.little(UInt32(areas.count))
    writer.little(0 as UInt32)
    for area in areas {
      writer.little(area.lowerBound)
      writer.little(area.upperBound - area.lowerBound)
    }
    return InformationCapability(id: 1, version: 1, bytes: writer.bytes)
  }
}
