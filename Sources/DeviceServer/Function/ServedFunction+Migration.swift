private import ByteIO
import Devices
private import Glibc
import VFIOUser

extension ServedFunction {
  /// The device's migration state; nil if it has none, or does not answer.
  var state: MigrationState? { try? device.state() }

  /// Whether the device runs, as far as this server knows: it asks before each step of its own.
  var isRunning: Bool {
    guard owner != nil || channel != nil else { return true }
    switch state {
    case .stop, .stopCopy, .resuming, .error: return false
    default: return true
    }
  }

  /// The state of a device that nobody here took out of RUNNING, and that is not in it: whoever
  /// else has its descriptor did.
  var foreignState: MigrationState? {
    guard owner == nil, let state, state != .running else { return nil }
    return state
  }

  var stateName: String { state?.description ?? "as it is" }

  // MARK: Features

  func feature(
    _ request: FeatureRequest, _ side: Side
  ) throws(LinuxErrno) -> FeatureRequest {
    let access = request.access
    guard access.isSubset(of: [.get, .set, .probe]), !access.isDisjoint(with: [.get, .set]) else {
      throw .invalid
    }
    if access.contains(.probe) {
      try probe(request.feature, access.subtracting(.probe))
      return request
    }
    guard access == .get || access == .set else { throw .invalid }
    try probe(request.feature, access)
    switch (request.feature, access) {
    case (.migration, _):
      let abilities = try naming { () throws(DeviceError) in try device.abilities() }
      return try Self.answer(request, Self.bytes(abilities.rawValue))
    case (.migrationState, .get):
      let state = try naming { () throws(DeviceError) in try device.state() }
      return try Self.answer(request, Self.bytes(state.rawValue) + Self.bytes(-1 as Int32))
    case (.migrationState, _):
      try move(request, side)
      return request
    case (.startDMALogging, _):
      try startLogging(request.payload)
      return request
    case (.stopDMALogging, _):
      if let device = loggingDevice {
        try naming { () throws(DeviceError) in try device.stopDMALogging() }
      } else {
        try memory.stopLog()
      }
      return request
    default: return try report(request)
    }
  }

  private func probe(
    _ feature: DeviceFeature, _ access: DeviceFeature.Access
  ) throws(LinuxErrno) {
    let allowed: DeviceFeature.Access =
      switch feature {
      case .migration: .get
      case .migrationState: [.get, .set]
      case .startDMALogging, .stopDMALogging: .set
      case .reportDMALogging: .get
      default: []
      }
    // libvfio-user answers EINVAL, the kernel ENOTTY.
    guard allowed.isSuperset(of: access) else { throw .notSupportedByDriver }
    switch feature {
    case .migration, .migrationState:
      let abilities = try naming { () throws(DeviceError) in try device.abilities() }
      guard !abilities.isEmpty else { throw .notSupportedByDriver }
    default:
      guard device is any HostedDevice || loggingDevice != nil else {
        throw .notSupportedByDriver
      }
    }
  }

  /// A feature's answer, if the client has room for it.
  private static func answer(
    _ request: FeatureRequest, _ payload: [UInt8]
  ) throws(LinuxErrno) -> FeatureRequest {
    let byteCount = FeatureRequest.headByteCount + payload.count
    guard Int(request.replyLimit) >= byteCount else { throw .invalid }
    return FeatureRequest(
      request.feature, request.access, payload, replyLimit: UInt32(byteCount))
  }

  private static func bytes(_ value: some FixedWidthInteger) -> [UInt8] {
    var writer = ByteWriter(reserving: 8)
    writer.little(value)
    return writer.bytes
  }

  // MARK: State

  private func move(_ request: FeatureRequest, _ side: Side) throws(LinuxErrno) {
    guard request.payload.count >= 8,
      let target = MigrationState(
        rawValue: request.payload.span.raw.little(UInt32.self, at: 0))
    else { throw .invalid }
    guard owner == nil || owner == side else { throw .busy }
    if side == .control { try prepare(for: target) }
    do throws(DeviceError) {
      let opened = try device.transition(to: target)
      settle(in: state ?? target, opened, side)
    } catch {
      // The device is where the failing arc began, which need not be where it was.
      if let now = state { settle(in: now, nil, side) }
      throw error.errno
    }
  }

  /// Makes sure that the operator's side may take the device to `target`.
  ///
  /// EBUSY if a client came or got the registers since the operator's side asked for the status,
  /// by which it decided. State goes into a device that holds nothing of a client before.
  private func prepare(for target: MigrationState) throws(LinuxErrno) {
    switch target {
    case .running, .runningP2P, .error: return
    case .resuming:
      try requireUnmapped()
      guard hasLeftovers else { return }
      try reset(by: .control)
    case .preCopy, .preCopyP2P, .stopCopy:
      try requireUnmapped()
      if let told, hasClient, !told.hasClient { throw .busy }
    case .stop: try requireUnmapped()
    }
  }

  private func requireUnmapped() throws(LinuxErrno) {
    if let told, mapsRegisters, !told.mapsRegisters { throw .busy }
  }

  /// Takes note of where a device came to.
  private func settle(
    in state: MigrationState, _ opened: (any MigrationChannel)?, _ side: Side
  ) {
    switch state {
    case .preCopy, .preCopyP2P, .stopCopy, .resuming:
      // PRE_COPY to STOP_COPY goes on with the channel that is open.
      if let opened { channel = opened }
    case .error, .stop, .running, .runningP2P: channel = nil
    }
    owner = state == .running ? nil : side
  }

  func readState(
    _ limit: UInt32, _ asked: UInt32, _ side: Side
  ) throws(LinuxErrno) -> [UInt8] {
    guard owner == side, let channel, limit >= 8, asked <= limit - 8,
      Int(asked) <= Self.transferByteLimit, state != .resuming
    else { throw .invalid }
    let isRunning = isRunning
    var buffer = ByteBuffer(capacity: Int(asked))
    // Filled up, for less than was asked for is the end.
    while buffer.count < Int(asked) {
      let got: Int
      do throws(DeviceError) {
        got = try buffer.fill(limit: Int(asked) - buffer.count) { (span) throws(DeviceError) in
          try channel.read(into: &span)
        }
      } catch {
        guard isRunning, error.errno == .noMessage else { throw error.errno }
        break
      }
      if got == 0 { break }
    }
    return [UInt8](buffer.bytes)
  }

  func writeState(_ data: [UInt8], _ side: Side) throws(LinuxErrno) {
    guard owner == side, let channel, state == .resuming else { throw .invalid }
    var rest = data.span.raw
    while rest.byteCount > 0 {
      let taken = try naming { () throws(DeviceError) in try channel.write(rest) }
      guard taken > 0 else { throw .inputOutput }
      rest = rest.extracting(droppingFirst: taken)
    }
  }

  // MARK: DMA logging

  /// The device, if its writes to memory are its own to log.
  var loggingDevice: (any DMADevice)? {
    guard let device = dmaDevice as? any DMADevice & FeatureDevice,
      device.has(.startDMALogging, for: .set)
    else { return nil }
    return device
  }

  private static let rangeLimit: UInt32 = 4096
  private static let pageLimit: UInt64 = 1 << 30

  private func startLogging(_ payload: [UInt8]) throws(LinuxErrno) {
    let bytes = payload.span.raw
    guard payload.count >= 16 else { throw .invalid }
    let pageByteCount = bytes.little(UInt64.self, at: 0)
    let count = bytes.little(UInt32.self, at: 8)
    try Self.check(pageByteCount)
    guard count <= Self.rangeLimit, payload.count >= 16 + 16 * Int(count) else { throw .invalid }
    let ranges = (0..<Int(count)).map { index in
      AddressRange(
        start: bytes.little(UInt64.self, at: 16 + 16 * index),
        byteCount: bytes.little(UInt64.self, at: 24 + 16 * index))
    }
    guard let device = loggingDevice else {
      return try memory.startLog()
    }
    try naming { () throws(DeviceError) in
      try device.startDMALogging(ranges, pageByteCount: pageByteCount)
    }
  }

  private static func check(_ pageByteCount: UInt64) throws(LinuxErrno) {
    guard pageByteCount >= 4096, pageByteCount <= pageLimit,
      pageByteCount.nonzeroBitCount == 1
    else { throw .invalid }
  }

  private func report(_ request: FeatureRequest) throws(LinuxErrno) -> FeatureRequest {
    guard request.payload.count >= 24 else { throw .invalid }
    let bytes = request.payload.span.raw
    let range = AddressRange(
      start: bytes.little(UInt64.self, at: 0), byteCount: bytes.little(UInt64.self, at: 8))
    let pageByteCount = bytes.little(UInt64.self, at: 16)
    try Self.check(pageByteCount)
    let pages = range.byteCount / pageByteCount
    guard range.byteCount > 0, range.byteCount <= UInt64.max - range.start,
      pages < UInt64(8 * (Self.transferByteLimit - 64))
    else { throw .invalid }
    // Asked before anything is taken: what was reported is clean afterwards.
    let bitmapByteCount = Int((range.byteCount - 1) / pageByteCount / 64 + 1) * 8
    guard Int(request.replyLimit) >= FeatureRequest.headByteCount + 24 + bitmapByteCount else {
      throw .invalid
    }
    let bitmap: [UInt8]
    if let device = loggingDevice {
      bitmap = try naming { () throws(DeviceError) in
        try device.dirtyPages(in: range, pageByteCount: pageByteCount)
      }
    } else {
      bitmap = try memory.takeDirtyPages(in: range, pageByteCount: pageByteCount)
    }
    return try Self.answer(request, Array(request.payload.prefix(24)) + bitmap)
  }
}
