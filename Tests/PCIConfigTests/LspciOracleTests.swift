import PCIConfig
import PCITestSupport
import TestSupport
import Testing

/// Debian's pciutils as an oracle: lspci for offsets, versions and fields, setpci for ids and raw
/// values.
///
/// Whole texts are never compared, because they differ from one release to the next. Known
/// differences:
///
/// - Without a PCI Express capability, lspci does not look for extended capabilities; the reader
///   here reports them, with a finding. No dump at hand has that; pciutils' own `broken-ecaps`
///   does.
/// - A pointer below 0x40 or 0x100 ends a list here; lspci follows it.
/// - lspci reads bytes that a dump leaves out as ff; here they are unknown, and end a list.
/// - Not compared because lspci prints a name twice in one line (the slot's `MRL`), or not at all
///   (ATS bits 5 to 7; the "PASID required" of PRI before 3.10; `<?>` for Data Link Feature,
///   Physical Layer and Lane Margining).
@Suite(
  // Debian's package pciutils, which tools/test installs.
  .enabled(if: Tool.isInstalled("lspci") && Tool.isInstalled("setpci")))
struct LspciOracleTests {
  private static let dumps = DumpCorpus.all

  /// Where lspci's text is known to differ, by field and by what it says there.
  private static let knownDifferences = [
    "LnkCtl2.TargetLinkSpeed=2.5GT/s": "lspci takes the reserved 0 for 2.5GT/s",
    "LnkCap.Speed=unknown": "lspci's word for the reserved 0",
    "LnkSta.Speed=unknown": "lspci's word for the reserved 0",
  ]

  private func lspci(_ path: String) throws -> [LspciOutput] {
    LspciOutput.devices(try Tool.output("lspci", ["-D", "-F", path, "-vvv"]))
  }

  @Test(arguments: dumps)
  func offsetsAndVersionsAgree(path: String) throws {
    try compareLists(path)
  }

  private func compareLists(_ path: String) throws {
    let devices = try DumpCorpus.devices(path)
    let theirs = try lspci(path)
    #expect(devices.map { $0.address?.description } == theirs.map { $0.slot })
    for (device, theirs) in zip(devices, theirs) {
      let ours = device.space.capabilityList.capabilities
      #expect(ours.map(\.offset) == theirs.capabilities.map(\.offset))
      for (capability, theirs) in zip(ours, theirs.capabilities) {
        if capability.isExtended {
          #expect(capability.version == theirs.extendedVersion, "at \(capability.offset)")
        } else {
          let match = theirs.title.firstMatch(
            of: /Power Management version (\d)|Express \(v(\d+)\)/)
          let version = (match?.1 ?? match?.2).flatMap { Int($0) }
          #expect(capability.version == version, "at \(capability.offset)")
        }
      }
    }
  }

  @Test(arguments: dumps)
  func idsAndRawValuesAgree(path: String) throws {
    try compareValues(path)
  }

  /// Asks for every register of every capability by the capability's id, which makes setpci find it
  /// itself.
  private func compareValues(_ path: String) throws {
    for device in try DumpCorpus.devices(path) {
      let address = try #require(device.address)
      var requests: [String] = []
      var expected: [(offset: Int, value: UInt64)] = []
      var seen: [CapabilityID: Int] = [:]
      for capability in device.space.capabilityList.capabilities {
        let instance = seen[capability.id, default: 0]
        seen[capability.id] = instance + 1
        let kind = capability.isExtended ? "ECAP" : "CAP"
        let name = kind + String(capability.id.rawValue, radix: 16) + "+"
        // Ids of one digit are decimal to nobody, but setpci wants two.
        let padded = name.replacing(/^(E?CAP)([0-9a-f])\+/) { "\($0.1)0\($0.2)+" }
        for piece in pieces(of: capability, in: device.space) {
          let start = String(piece.offset - capability.offset, radix: 16)
          requests.append("\(padded)\(start).\(piece.width)@\(instance)")
          let value = try #require(device.space.load(piece.offset, byteCount: piece.byteCount))
          expected.append((piece.offset, value))
        }
      }
      guard !requests.isEmpty else { continue }
      let output = try Tool.output(
        "setpci",
        ["-v", "-A", "dump", "-O", "dump.name=" + path, "-s", address.description] + requests)
      let found = output.matches(of: /@([0-9a-f]+)\) @([0-9a-f]+) = ([0-9a-f]+)/).map {
        (offset: Int($0.2, radix: 16), value: UInt64($0.3, radix: 16))
      }
      #expect(found.count == expected.count)
      for (request, (theirs, ours)) in zip(requests, zip(found, expected)) {
        #expect(theirs.offset == ours.offset, "\(request)")
        #expect(theirs.value == ours.value, "\(request)")
      }
    }
  }

  private struct Piece {
    let offset: Int
    let byteCount: Int
    var width: String { byteCount == 4 ? "l" : byteCount == 2 ? "w" : "b" }
  }

  /// The header and the registers, in the sizes that setpci can ask for.
  private func pieces(of capability: Capability, in space: ConfigSpace) -> [Piece] {
    let header = Piece(offset: capability.offset, byteCount: capability.isExtended ? 4 : 2)
    return [header]
      + space.registers(of: capability).flatMap { register -> [Piece] in
        guard register.range.count == 8 else {
          return [Piece(offset: register.offset, byteCount: register.range.count)]
        }
        return [
          Piece(offset: register.offset, byteCount: 4),
          Piece(offset: register.offset + 4, byteCount: 4),
        ]
      }
  }

  @Test(arguments: dumps)
  func flagsAgree(path: String) throws {
    var compared = 0
    for (device, theirs) in zip(try DumpCorpus.devices(path), try lspci(path)) {
      guard !device.space.isAllOnes else { continue }
      for (label, text) in theirs.header {
        compared += compareFlags(text, device.space.headerRegisters.first { $0.name == label })
      }
      for theirs in theirs.capabilities {
        let capability = try #require(
          device.space.capabilityList.capabilities.first { $0.offset == theirs.offset })
        for (label, text) in theirs.lines {
          let name = Self.labels[label] ?? label
          let isPower = capability.id == .powerManagement
          compared += compareFlags(
            text,
            device.space.register(isPower && label == "Status" ? "PMCSR" : name, of: capability))
        }
      }
      #expect(compared >= 24)
    }
  }

  /// lspci's labels where the registers here have another name.
  private static let labels = ["Flags": "PMC", "PTMControl": "PTMCtl"]

  private func compareFlags(_ text: String, _ register: RegisterValue?) -> Int {
    guard let register else { return 0 }
    let theirs = LspciOutput.flags(text)
    var compared = 0
    for field in register.fields {
      guard case .flag = field.field.meaning, let flag = theirs[field.name] else { continue }
      #expect(flag == (field.value != 0), "\(register.name).\(field.name)")
      compared += 1
    }
    return compared
  }

  /// A number or name in lspci's text, and the field that it is.
  private struct Sample: Sendable {
    let id: CapabilityID
    let register: String
    let field: String?
    let pattern: String
    /// 0 compares texts.
    let radix: Int

    init(
      _ id: CapabilityID, _ register: String, _ field: String?, _ pattern: String, radix: Int = 0
    ) {
      self.id = id
      self.register = register
      self.field = field
      self.pattern = pattern
      self.radix = radix
    }
  }

  private static let samples = [
    Sample(.msix, "MsgCtl", "Count", #"Count=(\d+)"#),
    Sample(.msix, "Table", "BAR", #"Vector table: BAR=(\d)"#),
    Sample(.msix, "PBA", "BAR", #"PBA: BAR=(\d)"#),
    Sample(.msi, "MsgCtl", "EnabledCount", #"Count=(\d+)/"#),
    Sample(.msi, "MsgCtl", "CapableCount", #"Count=\d+/(\d+)"#),
    Sample(.msi, "Address", nil, #"Address: ([0-9a-f]+)"#, radix: 16),
    Sample(.powerManagement, "PMC", "AuxCurrent", #"AuxCurrent=(\w+)"#),
    Sample(.powerManagement, "PMCSR", "DScale", #"DScale=(\d)"#),
    Sample(.pciExpress, "DevCap", "MaxPayload", #"DevCap:\s+MaxPayload (\d+ bytes)"#),
    Sample(.pciExpress, "DevCap", "L0sLatency", #"Latency L0s ([^,]+),"#),
    Sample(.pciExpress, "DevCap", "L1Latency", #"Latency L0s [^,]+, L1 (\S+)"#),
    Sample(.pciExpress, "DevCtl", "MaxPayload", #"MaxPayload (\d+ bytes), MaxReadReq"#),
    Sample(.pciExpress, "DevCtl", "MaxReadReq", #"MaxReadReq (\d+ bytes)"#),
    Sample(.pciExpress, "LnkCap", "Speed", #"LnkCap:.*?Speed ([^,\s]+)"#),
    Sample(.pciExpress, "LnkCap", "Width", #"LnkCap:.*?Width (x\d+)"#),
    Sample(.pciExpress, "LnkCap", "ASPM", #"LnkCap:.*?ASPM ([^,]+?)(?:,|\s*ClockPM)"#),
    Sample(.pciExpress, "LnkCap", "Port", #"LnkCap:.*?Port #(\d+)"#),
    Sample(.pciExpress, "LnkSta", "Speed", #"LnkSta:.*?Speed ([^,\s]+)"#),
    Sample(.pciExpress, "LnkSta", "Width", #"LnkSta:.*?Width (x\d+)"#),
    Sample(.pciExpress, "SltCap", "Slot", #"Slot #(\d+)"#),
    Sample(.pciExpress, "DevCtl2", "CompletionTimeout", #"DevCtl2: Completion Timeout: ([^,]+)"#),
    Sample(.pciExpress, "LnkCtl2", "TargetLinkSpeed", #"Target Link Speed: (\d[^,]*)"#),
    Sample(
      .advancedErrorReporting, "AERCap", "FirstErrorPointer", #"Pointer: ([0-9a-f]+)"#, radix: 16),
    Sample(.alternativeRoutingID, "ARICap", "NextFunction", #"Next Function: (\d+)"#),
    Sample(
      .addressTranslationServices, "ATSCap", "InvalidateQueueDepth", #"Depth: ([0-9a-f]+)"#,
      radix: 16),
    Sample(
      .addressTranslationServices, "ATSCtl", "SmallestTranslationUnit", #"Unit: ([0-9a-f]+)"#,
      radix: 16),
    Sample(.pageRequest, "RequestCapacity", nil, #"Capacity: ([0-9a-f]+)"#, radix: 16),
    Sample(.pageRequest, "RequestAllocation", nil, #"Allocation: ([0-9a-f]+)"#, radix: 16),
    Sample(.pasid, "PASIDCap", "MaxWidth", #"Width: ([0-9a-f]+)"#, radix: 16),
    Sample(.singleRootIOV, "InitialVFs", nil, #"Initial VFs: (\d+)"#, radix: 10),
    Sample(.singleRootIOV, "TotalVFs", nil, #"Total VFs: (\d+)"#, radix: 10),
    Sample(.singleRootIOV, "NumVFs", nil, #"Number of VFs: (\d+)"#, radix: 10),
    Sample(.singleRootIOV, "VFOffset", nil, #"VF offset: (\d+)"#, radix: 10),
    Sample(.singleRootIOV, "VFStride", nil, #"stride: (\d+)"#, radix: 10),
    Sample(.singleRootIOV, "VFDeviceID", nil, #"Device ID: ([0-9a-f]+)"#, radix: 16),
    Sample(
      .singleRootIOV, "SupportedPageSizes", nil, #"Supported Page Size: ([0-9a-f]+)"#, radix: 16),
    Sample(.singleRootIOV, "SystemPageSize", nil, #"System Page Size: ([0-9a-f]+)"#, radix: 16),
    Sample(.resizableBAR, "ReBARCtl0", "Size", #"current size: (\w+)"#),
    Sample(.resizableBAR, "ReBARCap0", "Sizes", #"supported: ([\w ]+?)(?: BAR|$)"#),
    Sample(.latencyToleranceReporting, "MaxSnoopLatency", "Latency", #"Max snoop latency: (\w+)"#),
    Sample(.latencyToleranceReporting, "MaxNoSnoopLatency", "Latency", #"no snoop latency: (\w+)"#),
    Sample(.l1PMSubstates, "L1SubCap", "PortCommonModeRestoreTime", #"RestoreTime=(\w+)"#),
    Sample(.l1PMSubstates, "L1SubCap", "PortTPowerOnTime", #"PortTPowerOnTime=(\w+)"#),
    Sample(.l1PMSubstates, "L1SubCtl1", "LTR1.2_Threshold", #"Threshold=(\w+)"#),
    Sample(.l1PMSubstates, "L1SubCtl2", "T_PwrOn", #"T_PwrOn=(\w+)"#),
    Sample(.precisionTimeMeasurement, "PTMCap", "ClockGranularity", #"PTMClockGranularity: (\w+)"#),
    Sample(.vendorSpecificExtended, "VSECHdr", "ID", #"ID=([0-9a-f]+)"#, radix: 16),
    Sample(.vendorSpecificExtended, "VSECHdr", "Length", #"Len=([0-9a-f]+)"#, radix: 16),
    Sample(.designatedVendorSpecific, "DVSECHdr1", "Vendor", #"Vendor=([0-9a-f]+)"#, radix: 16),
    Sample(.designatedVendorSpecific, "DVSECHdr1", "Length", #"Len=(\d+)"#, radix: 10),
    Sample(.designatedVendorSpecific, "DVSECHdr2", "ID", #"ID=([0-9a-f]+)"#, radix: 16),
  ]

  @Test(arguments: dumps)
  func numbersAndNamesAgree(path: String) throws {
    var compared = 0
    for (device, theirs) in zip(try DumpCorpus.devices(path), try lspci(path)) {
      for theirs in theirs.capabilities {
        let capability = try #require(
          device.space.capabilityList.capabilities.first { $0.offset == theirs.offset })
        let text =
          theirs.title + " " + theirs.lines.map { "\($0.label):\($0.text)" }.joined(separator: " ")
        for sample in Self.samples where sample.id == capability.id {
          guard let register = device.space.register(sample.register, of: capability),
            let match = try Regex(sample.pattern, as: (Substring, Substring).self)
              .firstMatch(in: text)
          else { continue }
          let field = sample.field.flatMap { name in
            register.fields.first { $0.name == name }
          }
          #expect((field == nil) == (sample.field == nil), "\(sample.register)")
          let name = "\(sample.register).\(sample.field ?? "")"
          let isKnown = Self.knownDifferences["\(name)=\(match.output.1)"] != nil
          if isKnown, field?.text == "reserved (0)" { continue }
          if sample.radix == 0 {
            #expect(field?.text == String(match.output.1), "\(name)")
          } else {
            #expect(
              (field?.value ?? register.value) == UInt64(match.output.1, radix: sample.radix),
              "\(name)")
          }
          compared += 1
        }
      }
      #expect(compared > 0 || device.space.isAllOnes)
    }
  }

  // Every capability there is, with random registers: dumps at hand have only some. The raw header
  // has the version, too; lspci itself gives up on some ("Internal bug: Accessing non-read
  // configuration byte").
  @Test(arguments: seeds(16))
  func everyCapabilityAgrees(seed: UInt64) throws {
    var random = SplitMix64(seed: seed)
    let space = try SpaceBuilder.everyCapability(using: &random).space
    try Tool.withFile(Self.text(of: space)) { path in
      try compareValues(path)
    }
  }

  private static func text(of space: ConfigSpace) -> String {
    var text = "00:02.0 Every capability\n"
    for row in stride(from: 0, to: space.byteCount, by: 16) {
      let bytes = space.bytes[row..<row + 16].map { String(format(Int($0))) }
      text += "\(format(row)): \(bytes.joined(separator: " "))\n"
    }
    return text + "\n"
  }

  private static func format(_ value: Int) -> String {
    let text = String(value, radix: 16)
    return text.count < 2 ? "0" + text : text
  }
}
