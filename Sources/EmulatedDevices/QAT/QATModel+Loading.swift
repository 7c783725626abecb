import ByteIO
import Devices

extension QATModel {
  /// Checks the setup once, as soon as all of it is there. One write is refused if the setup does
  /// not fit the device; the next is taken.
  func loadSetup(_ filled: Int) throws(LinuxErrno) {
    guard remoteSetupByteCount == 0, filled >= QATSections.preambleByteCount else { return }
    let count = Int(QATSections.blobByteCount(buffer, at: 0))
    guard count <= Self.stateByteCount else { throw .invalid }
    guard filled >= count else { return }
    let setup = try QATSections(buffer, blob: 0..<count)
    remoteSetupByteCount = count
    let configuration = try setup.sections(of: "CONFIG")
    let capabilities = try Self.mask(configuration.bytes("gencap"))
    let services = try Self.mask(configuration.bytes("svcmap"))
    let compression = try Self.mask(configuration.bytes("extdc"))
    guard capabilities & ~UInt64(settings.capabilities) == 0,
      services == UInt64(settings.serviceMap),
      compression & ~UInt64(settings.compressionCapabilities) == 0
    else { throw .invalid }
  }

  /// Masks of any size up to eight bytes are compared.
  private static func mask(_ bytes: [UInt8]) throws(LinuxErrno) -> UInt64 {
    guard bytes.count <= 8 else { throw .invalid }
    return bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) }
  }

  /// Loads the whole buffer, as the driver does, however little was written.
  func loadState() throws(LinuxErrno) {
    try loadSetup(Self.stateByteCount)
    let sections = try QATSections(
      buffer, blob: remoteSetupByteCount..<max(remoteSetupByteCount, Self.stateByteCount))
    try loadGeneric(try sections.sections(of: "GENER"))
    try loadMiscellaneous(try sections.sections(of: "MISCBAR"))
    try loadRings(try sections.sections(of: "ETRBAR"))
  }

  private func loadGeneric(_ sections: QATSections) throws(LinuxErrno) {
    let initialized = try sections.bytes("iovinit")
    guard initialized.count == 1 else { throw .invalid }
    // Written before any check, and so there even if the rest is refused.
    isInitialized = initialized[0] != 0
    let version = try sections.bytes("compver")
    guard version.count == 1 else { throw .invalid }
    compatibility = version[0]
    try check(levels: try sections.bytes("sla"))
  }

  // adf_mstate_sla_check: each of the source's must be one of ours, with no higher rates.
  private func check(levels bytes: [UInt8]) throws(LinuxErrno) {
    let size = QATSettings.ServiceLevel.byteCount
    for index in 0..<bytes.count / size {
      let level = QATSettings.ServiceLevel(
        parsing: bytes.span.raw.extracting(size * index..<size * (index + 1)))
      let ours = settings.serviceLevels.first {
        $0.service == level.service && $0.ringPairs == level.ringPairs
      }
      guard let ours, level.committed <= ours.committed, level.peak <= ours.peak else {
        throw .invalid
      }
    }
  }

  private func loadMiscellaneous(_ sections: QATSections) throws(LinuxErrno) {
    // The sources of interrupts are not put back.
    for index in [1, 3, 4, 5] {
      let bytes = try sections.bytes(Self.miscellaneousIDs[index])
      guard bytes.count == 4 else { throw .invalid }
      miscellaneous[index] = bytes.span.raw.little(UInt32.self, at: 0)
    }
  }

  private func loadRings(_ sections: QATSections) throws(LinuxErrno) {
    for index in banks.indices {
      let bank = try sections.sections(of: "bnk\(hex(index))")
      let start = try bank.find("mregs").payload.lowerBound
      // The kernel reads a bank's registers whatever size the section has.
      guard start + QATBank.byteCount <= buffer.count else { throw .invalid }
      let saved = QATBank(
        parsing: buffer.span.raw.extracting(start..<start + QATBank.byteCount))
      do throws(LinuxErrno) {
        try banks[index].restore(saved)
      } catch {
        // adf_mstate_sect_lookup knows only that the action failed.
        throw .invalid
      }
    }
  }
}
