import ByteIO

extension QATModel {
  private static func bytes(_ value: some FixedWidthInteger) -> [UInt8] {
    var writer = ByteWriter()
    writer.little(value)
    return writer.bytes
  }

  static let miscellaneousIDs = ["visrc", "vimsk", "vispv", "vimpv", "pf2vm", "vm2pf"]

  /// The part that does not change while the device runs, made once for all saves.
  func saveSetup() {
    guard setupByteCount == 0 else { return }
    let blob = QATSections.blob([
      QATSections.section(
        "CONFIG",
        of: [
          QATSections.section("gencap", Self.bytes(settings.capabilities)),
          QATSections.section("svcmap", Self.bytes(settings.serviceMap)),
          QATSections.section("extdc", Self.bytes(settings.compressionCapabilities)),
        ])
    ])
    buffer = blob + [UInt8](repeating: 0, count: Self.stateByteCount - blob.count)
    setupByteCount = blob.count
  }

  func saveState() {
    saveSetup()
    let generic = QATSections.section(
      "GENER",
      of: [
        QATSections.section("iovinit", [isInitialized ? 1 : 0]),
        QATSections.section("compver", [compatibility]),
        QATSections.section("sla", settings.serviceLevels.flatMap(\.bytes)),
      ])
    let registers = QATSections.section(
      "MISCBAR",
      of: zip(Self.miscellaneousIDs, miscellaneous).map {
        QATSections.section($0, Self.bytes($1))
      })
    let rings = QATSections.section(
      "ETRBAR",
      of: banks.enumerated().map { number, bank in
        QATSections.section(
          "bnk\(hex(number))", of: [QATSections.section("mregs", bank.bytes)])
      })
    let blob = QATSections.blob([generic, registers, rings])
    let rest = Self.stateByteCount - setupByteCount - blob.count
    buffer.replaceSubrange(
      setupByteCount..., with: blob + [UInt8](repeating: 0, count: max(0, rest)))
    filled = Self.stateByteCount
  }
}
