import ByteIO
import FoundationEssentials
import MigrationStream
import StreamIO

/// The page that `ferry inspect` prints for a person.
struct InspectText {
  let path: String
  let catalog: StreamCatalog
  /// What is known of the content of each device's state; empty where nobody looked.
  var glances: [StateGlance?] = []
  var report: SalvageReport?
  var indexDefect: StreamError?

  var lines: [String] {
    var lines = [headline]
    lines += [writtenBy, "  uuid      \(catalog.header.uuid)", needs, amount].compactMap(\.self)
    if let defect = catalog.defect { lines.append("  damage    \(defect)") }
    if let report, !report.damage.isEmpty {
      lines += SalvageText.ranges(report.damage).map { "  damage    \($0) of the file" }
    }
    for (number, device) in catalog.devices.enumerated() {
      lines.append("")
      lines += self.lines(number, device)
      if let report, number < report.losses.count {
        lines += SalvageText.lines(for: report.losses[number])
      }
    }
    if catalog.unknownRecordCount > 0 {
      let records = Printable.count(catalog.unknownRecordCount, "optional record")
      lines += ["", "\(records) of types that this version does not know"]
    }
    return lines
  }

  private var headline: String {
    let version = catalog.header.version
    let isDamaged = catalog.defect != nil || report?.isWhole == false
    let isTorn = !catalog.isComplete && (catalog.defect.map { $0.code == .torn } ?? true)
    let state = isTorn ? "TORN" : isDamaged ? "damaged" : "whole"
    return "\(path): migration stream \(version.major).\(version.minor), \(state)"
  }

  private var writtenBy: String? {
    let information = catalog.information
    var parts: [String] = []
    if let producer = information.producer { parts.append("by \(Printable.text(producer))") }
    if let time = information.time {
      // Times beyond the year 9999 are no times.
      let date = Date(timeIntervalSince1970: Double(min(time, 253_402_300_799)))
      parts.append("at \(date.ISO8601Format())")
    }
    if let kernel = information.kernelRelease { parts.append("on \(Printable.text(kernel))") }
    if let machine = information.machine { parts.append(Printable.text(machine)) }
    return parts.isEmpty ? nil : "  written   \(parts.joined(separator: ", "))"
  }

  /// What a reader must have beside this format.
  private var needs: String? {
    let window = catalog.header.limits.windowByteCount
    var parts = window > 0 ? ["a window of \(ByteSize.text(window))"] : []
    let named = Set(catalog.devices.compactMap(\.identity.dictionary))
    parts += named.map { dictionary in
      "the dictionary \(dictionary)"
        + (StateDictionary.named(dictionary) == nil ? ", which is NOT here" : "")
    }.sorted()
    return parts.isEmpty ? nil : "  needs     \(parts.joined(separator: ", "))"
  }

  private var amount: String {
    let raw = catalog.stateByteCount
    let stored = catalog.storedByteCount
    let how: String
    switch catalog.origin {
    case .index: how = "found by the index"
    case .scan: how = "found by scanning (\(scanReason))"
    case .sequence: how = "read from start to end"
    case .salvage: how = "found by salvage"
    }
    return
      "  state     \(ByteSize.text(raw)) of \(Printable.count(catalog.devices.count, "device")), "
      + "stored in \(ByteSize.text(stored)) (\(ByteSize.ratio(raw, stored))), \(how)"
  }

  private var scanReason: String {
    indexDefect?.code == .torn ? "no footer at the end" : "the index is damaged"
  }

  private func lines(_ number: Int, _ device: StreamCatalog.Device) -> [String] {
    var lines = ["device \(number): \(title(device))"]
    let state = device.state
    lines.append(
      "  state     \(ByteSize.text(state.byteCount)) in "
        + "\(Printable.count(state.chunkCount, "chunk")), stored in "
        + "\(ByteSize.text(state.storedByteCount)) "
        + "(\(ByteSize.ratio(state.byteCount, state.storedByteCount)))")
    for phase in StateChunk.Phase.allCases {
      let share = state.share(of: phase)
      if share.chunkCount == 0 { continue }
      let rounds =
        phase == .preCopy ? ", \(Printable.count(state.iterationCount, "iteration"))" : ""
      lines.append(
        "    \(phase)".padded(to: 14) + "\(ByteSize.text(share.byteCount)) in "
          + "\(Printable.count(share.chunkCount, "chunk"))\(rounds)")
    }
    let encodings = ChunkEncoding.known.compactMap { encoding in
      let count = state.share(of: encoding).chunkCount
      return count == 0 ? nil : "\(count) \(encoding)"
    }
    if !encodings.isEmpty { lines.append("  chunks    \(encodings.joined(separator: ", "))") }
    if number < glances.count, let glance = glances[number] {
      lines.append("  content   \(Printable.text(glance.text))")
    }
    lines += details(device)
    return lines
  }

  private func title(_ device: StreamCatalog.Device) -> String {
    var parts: [String] = []
    if let name = device.identity.name { parts.append(Printable.text(name)) }
    if let pci = device.identity.pci {
      parts.append("[\(idPair(pci.vendorID, pci.deviceID))]")
    }
    if let driver = device.identity.driver { parts.append("driver \(Printable.text(driver))") }
    return parts.isEmpty ? "unnamed" : parts.joined(separator: ", ")
  }

  private func details(_ device: StreamCatalog.Device) -> [String] {
    var lines: [String] = []
    if let flags = device.identity.migrationFlags {
      let names = [(1 as UInt64, "stop-copy"), (2, "P2P"), (4, "pre-copy")]
        .filter { flags & $0.0 != 0 }.map(\.1)
      lines.append("  migrates  \(names.joined(separator: ", "))")
    }
    if let configuration = device.configuration {
      var parts: [String] = []
      if let count = configuration.physicalByteCount { parts.append("\(count) bytes physical") }
      if let count = configuration.synthesizedByteCount {
        parts.append("\(count) bytes synthesised")
      }
      if let name = configuration.profileName { parts.append("profile \(Printable.text(name))") }
      lines.append("  config    \(parts.joined(separator: ", "))")
    }
    if let vectors = device.interruptVectorCount {
      lines.append("  interrupt state, \(Printable.count(vectors, "MSI-X vector"))")
    }
    if let pasids = device.pasids {
      lines.append(
        "  pasids    \(Printable.count(pasids.bindingCount, "binding")) in "
          + Printable.count(pasids.domainCount, "domain"))
    }
    if let digest = device.summary?.digest { lines.append("  digest    \(digest)") }
    return lines
  }
}

extension String {
  func padded(to width: Int) -> String {
    self + String(repeating: " ", count: max(0, width - count))
  }
}
