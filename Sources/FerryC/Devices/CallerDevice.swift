import CFerry
import Devices
import MigrationStream

/// A device of the caller's: what its VMM does with the descriptor.
final class CallerDevice: MigratableDevice {
  let name: String
  private let knownIdentity: DeviceIdentity
  fileprivate let context: UnsafeMutableRawPointer?
  fileprivate let pasidOperations: ferry_pasid_operations?
  private let operations: ferry_device_operations
  private let configByteCount: Int

  init(_ device: ferry_migration_device, _ known: DeviceIntroduction) throws(Failure) {
    let operations = try device.operations.required("devices.operations").pointee
    guard operations.get_abilities != nil, operations.get_state != nil,
      operations.set_state != nil, operations.get_stop_copy_size != nil,
      operations.get_precopy_size != nil, operations.read != nil, operations.write != nil,
      operations.reset != nil
    else { throw Failure(argument: "devices.operations", "all functions", found: "NULL") }
    let hasConfig = operations.read_config != nil && operations.write_config != nil
    guard device.config_size <= 4096, device.config_size == 0 || hasConfig else {
      throw Failure(
        argument: "devices.config_size", "up to 4096 bytes, and functions for them",
        found: "\(device.config_size)")
    }
    let pasidOperations = device.pasid_operations?.pointee
    if let pasidOperations {
      guard pasidOperations.get_pasid_abilities != nil, pasidOperations.allocate_domains != nil,
        pasidOperations.attach_pasid != nil, pasidOperations.detach_pasid != nil,
        pasidOperations.release_domains != nil
      else { throw Failure(argument: "devices.pasid_operations", "all functions", found: "NULL") }
    }
    knownIdentity = known.identity
    self.pasidOperations = pasidOperations
    name = known.identity.name ?? "device \(known.number)"
    self.operations = operations
    context = device.context
    configByteCount = Int(device.config_size)
  }

  /// Makes a call of the caller's, whose answer is an errno.
  private func ask(
    _ operation: DeviceError.Operation, _ call: (ferry_device_operations) -> Int32?
  ) throws(DeviceError) {
    // Every function is there, but for those of a configuration region that there is not.
    let answer = call(operations) ?? LinuxErrno.invalid.rawValue
    guard answer == 0 else { throw DeviceError(operation, LinuxErrno(rawValue: answer)) }
  }

  func identity() throws(DeviceError) -> DeviceIdentity { knownIdentity }

  func abilities() throws(DeviceError) -> MigrationAbilities {
    var flags: UInt64 = 0
    try ask(.readAbilities) { $0.get_abilities?(context, &flags) }
    return MigrationAbilities(rawValue: flags)
  }

  func state() throws(DeviceError) -> MigrationState {
    var number: UInt32 = 0
    try ask(.readState) { $0.get_state?(context, &number) }
    guard let state = MigrationState(rawValue: number) else {
      throw DeviceError(.readState, .protocolError, detail: "there is no state \(number)")
    }
    return state
  }

  func transition(to target: MigrationState) throws(DeviceError) -> (any MigrationChannel)? {
    let arc = DeviceError.Operation.transition(MigrationArc(target, target))
    try ask(arc) { $0.set_state?(context, target.rawValue) }
    switch target {
    case .stopCopy, .resuming, .preCopy, .preCopyP2P: return CallerChannel(operations, context)
    case .error, .stop, .running, .runningP2P: return nil
    }
  }

  func stopCopyByteCount() throws(DeviceError) -> UInt64 {
    var count: UInt64 = 0
    try ask(.readStopCopySize) { $0.get_stop_copy_size?(context, &count) }
    return count
  }

  func reset() throws(DeviceError) {
    try ask(.reset) { $0.reset?(context) }
  }
}

extension CallerDevice: ConfigurableDevice {
  var hiddenCapabilities: Set<UInt16> {
    configByteCount == 0 ? [] : VFIORegion.hiddenCapabilities
  }

  func configurationSpace() throws(DeviceError) -> [UInt8] {
    var bytes: [UInt8] = []
    while bytes.count < configByteCount {
      let count = configByteCount - bytes.count >= 4 ? 4 : 1
      let value = try readConfiguration(at: bytes.count, byteCount: count)
      for index in 0..<count { bytes.append(UInt8(truncatingIfNeeded: value >> (8 * index))) }
    }
    return bytes
  }

  func readConfiguration(at offset: Int, byteCount: Int) throws(DeviceError) -> UInt32 {
    let operation = DeviceError.Operation.readConfiguration(at: offset)
    guard Self.hasRegister(at: offset, byteCount: byteCount, in: configByteCount) else {
      throw DeviceError(operation, .invalid)
    }
    var value: UInt32 = 0
    try ask(operation) { $0.read_config?(context, UInt32(offset), UInt32(byteCount), &value) }
    return value & .max >> UInt32(32 - 8 * byteCount)
  }

  func writeConfiguration(_ value: UInt32, at offset: Int, byteCount: Int) throws(DeviceError) {
    let operation = DeviceError.Operation.writeConfiguration(at: offset)
    guard Self.hasRegister(at: offset, byteCount: byteCount, in: configByteCount) else {
      throw DeviceError(operation, .invalid)
    }
    try ask(operation) { $0.write_config?(context, UInt32(offset), UInt32(byteCount), value) }
  }
}

/// The data_fd of a caller's device, which the caller keeps.
private final class CallerChannel: MigrationChannel {
  private let operations: ferry_device_operations
  private let context: UnsafeMutableRawPointer?
  private var offset: UInt64 = 0

  init(_ operations: ferry_device_operations, _ context: UnsafeMutableRawPointer?) {
    self.operations = operations
    self.context = context
  }

  func read(into span: inout MutableRawSpan) throws(DeviceError) -> Int {
    var count = 0
    let capacity = span.byteCount
    // SAFETY: the span is lent for the call, as the header says.
    let answer = span.withUnsafeMutableBytes {
      operations.read?(context, $0.baseAddress, $0.count, &count)
    }
    return try taken(count, of: capacity, answer, .readData(at: offset))
  }

  func write(_ bytes: RawSpan) throws(DeviceError) -> Int {
    var count = 0
    // SAFETY: the bytes are lent for the call.
    let answer = bytes.withUnsafeBytes {
      operations.write?(context, $0.baseAddress, $0.count, &count)
    }
    return try taken(count, of: bytes.byteCount, answer, .writeData(at: offset))
  }

  private func taken(
    _ count: Int, of limit: Int, _ answer: Int32?, _ operation: DeviceError.Operation
  ) throws(DeviceError) -> Int {
    let answer = answer ?? LinuxErrno.invalid.rawValue
    guard answer == 0 else { throw DeviceError(operation, LinuxErrno(rawValue: answer)) }
    guard (0...limit).contains(count) else {
      throw DeviceError(
        operation, .protocolError,
        detail: "expected at most \(limit) bytes, found \(UInt(bitPattern: count))")
    }
    offset += UInt64(count)
    return count
  }

  func preCopyInformation() throws(DeviceError) -> PreCopyInformation {
    var (initial, dirty, isReinitialized): (UInt64, UInt64, UInt32) = (0, 0, 0)
    let answer = operations.get_precopy_size?(context, &initial, &dirty, &isReinitialized)
    guard answer == 0 else {
      let errno = LinuxErrno(rawValue: answer ?? LinuxErrno.invalid.rawValue)
      throw DeviceError(.readPreCopyInformation, errno)
    }
    return PreCopyInformation(
      initialByteCount: initial, dirtyByteCount: dirty, isReinitialized: isReinitialized != 0)
  }
}

extension CallerDevice: PASIDDevice {
  private func ask(
    _ operation: DeviceError.Operation, _ call: (ferry_pasid_operations) -> Int32?
  ) throws(DeviceError) {
    guard let pasidOperations else {
      throw DeviceError(operation, .notSupported, detail: "the caller has no pasid_operations")
    }
    // Every function is there.
    let answer = call(pasidOperations) ?? LinuxErrno.invalid.rawValue
    guard answer == 0 else { throw DeviceError(operation, LinuxErrno(rawValue: answer)) }
  }

  func addressSpaceAbilities() throws(DeviceError) -> AddressSpaceAbilities {
    var abilities = AddressSpaceAbilities()
    guard pasidOperations != nil else {
      // The VMM attaches them itself.
      abilities.isKnown = false
      return abilities
    }
    let operation = DeviceError.Operation.readAddressSpaceAbilities
    var answer = ferry_pasid_abilities()
    try ask(operation) { $0.get_pasid_abilities?(context, &answer) }
    guard answer.width <= 20, answer.permissions <= 3 else {
      throw DeviceError(
        operation, .protocolError,
        detail: "expected at most 20 bits and permissions up to 3, found \(answer.width) and "
          + "\(answer.permissions)")
    }
    abilities.pasidWidth = Int(answer.width)
    abilities.permissions = .init(rawValue: UInt8(answer.permissions))
    abilities.nestedDataTypes = Set(
      (0..<64).filter { answer.nested_types >> $0 & 1 == 1 }.map { UInt32($0) })
    abilities.hasFaultQueue = answer.has_fault_queue != 0
    return abilities
  }

  func allocate(_ domains: [PASIDTable.Domain]) throws(DeviceError) {
    guard let first = domains.first else { return }
    let memory = LentMemory()
    let (described, count) = memory.array(domains.map { ferry_pasid_domain($0, in: memory) })
    try withExtendedLifetime(memory) { () throws(DeviceError) in
      try ask(.allocateDomain(first.id)) { $0.allocate_domains?(context, described, count) }
    }
  }

  func attach(_ binding: PASIDTable.Binding) throws(DeviceError) {
    var described = ferry_pasid_binding(binding)
    try ask(.attach(pasid: binding.pasid)) { $0.attach_pasid?(context, &described) }
  }

  func detach(pasid: UInt32) throws(DeviceError) {
    try ask(.detach(pasid: pasid)) { $0.detach_pasid?(context, pasid) }
  }

  // Requests come out at the VMM.
  func faultQueue(ofDomain id: UInt32) -> Int32? { nil }

  func releaseDomains() { pasidOperations?.release_domains?(context) }
}
