import ByteIO
import MigrationStream
import StateLayout
import StreamIO

extension InspectReport {
  /// A page: the stream, and below it each device.
  public var text: String { lines.joined(separator: "\n") }

  private var lines: [String] {
    var lines = [headline]
    lines += [writtenBy, "  uuid      \(catalog.header.uuid)", needs, amount].compactMap(\.self)
    if catalog.header.channelCount > 1, catalog.isComplete {
      let all = catalog.devices.reduce(0 as UInt64) { $0 &+ ($1.summary?.byteCount ?? 0) }
      lines.append(
        "  missing   \(QuantityText.bytes(all &- catalog.stateByteCount)) of "
          + "\(QuantityText.bytes(all)) of state, which the other channels have")
    }
    if let defect = catalog.defect { lines.append("  damage    \(defect)") }
    if let salvage { lines += salvage.lines }
    for (number, device) in catalog.devices.enumerated() {
      lines.append("")
      lines += self.lines(number, device)
      lines += loss(number)?.lines ?? []
    }
    if catalog.unknownRecordCount > 0 {
      let records = QuantityText.count(catalog.unknownRecordCount, "optional record")
      lines += ["", "\(records) of types that this version does not know"]
    }
    return lines
  }

  private var headline: String {
    let header = catalog.header
    let version = header.version
    let state =
      switch verdict {
      case .whole: "whole"
      case .unverified: "complete, its state not verified"
      case .damaged: "damaged"
      case .incomplete where salvage == nil: "without the other channels"
      case .incomplete: "incomplete"
      case .torn: "TORN"
      case .unread: "not all of it can be read here"
      }
    return "\(TerminalText.text(path)): "
      + "migration stream \(version.major).\(version.minor), "
      + (header.channelCount > 1 ? "channel \(header.channel) of \(header.channelCount), " : "")
      + state
  }

  private var writtenBy: String? {
    let information = catalog.information
    var parts: [String] = []
    if let producer = information.producer { parts.append("by \(TerminalText.text(producer))") }
    if let time = information.time {
      parts.append("at \(QuantityText.time(time))")
    }
    if let kernel = information.kernelRelease { parts.append("on \(TerminalText.text(kernel))") }
    if let machine = information.machine { parts.append(TerminalText.text(machine)) }
    return parts.isEmpty ? nil : "  written   \(parts.joined(separator: ", "))"
  }

  /// What a reader must have beside this format.
  private var needs: String? {
    let window = catalog.header.limits.windowByteCount
    var parts = window > 0 ? ["a window of \(QuantityText.bytes(window))"] : []
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
      "  state     \(QuantityText.bytes(raw)) of \(QuantityText.count(catalog.devices.count, "device")), "
      + "stored in \(QuantityText.bytes(stored)) (\(QuantityText.ratio(raw, stored))), \(how)"
  }

  private var scanReason: String {
    indexDefect?.code == .torn ? "no footer at the end" : "the index is damaged"
  }

  private func lines(_ number: Int, _ device: StreamCatalog.Device) -> [String] {
    var lines = ["device \(number): \(title(device))"]
    let state = device.state
    lines.append(
      "  state     \(QuantityText.bytes(state.byteCount)) in "
        + "\(QuantityText.count(state.chunkCount, "chunk")), stored in "
        + "\(QuantityText.bytes(state.storedByteCount)) "
        + "(\(QuantityText.ratio(state.byteCount, state.storedByteCount)))")
    for phase in StateChunk.Phase.allCases {
      let share = state.share(of: phase)
      if share.chunkCount == 0 { continue }
      let rounds =
        phase == .preCopy ? ", \(QuantityText.count(state.iterationCount, "iteration"))" : ""
      lines.append(
        "    \(phase)".padded(to: 14) + "\(QuantityText.bytes(share.byteCount)) in "
          + "\(QuantityText.count(share.chunkCount, "chunk"))\(rounds)")
    }
    let encodings = Self.encodings(state).map { "\($0.count) \($0.encoding)" }
    if !encodings.isEmpty { lines.append("  chunks    \(encodings.joined(separator: ", "))") }
    if let defect = stateDefects[UInt16(number)] {
      lines.append("  content   not readable: \(defect)")
    } else if let preview = preview(number) {
      lines.append("  content   \(TerminalText.text(preview.text))")
    } else if !unshown(number).isEmpty {
      lines.append(
        "  content   not known: nothing in it is of the driver's layouts, "
          + unshown(number).joined(separator: ", "))
    }
    lines += details(device)
    return lines
  }

  private func title(_ device: StreamCatalog.Device) -> String {
    var parts: [String] = []
    if let name = device.identity.name { parts.append(TerminalText.text(name)) }
    if let pci = device.identity.pci {
      parts.append("[\(idPair(pci.vendorID, pci.deviceID))]")
    }
    if let driver = device.identity.driver { parts.append("driver \(TerminalText.text(driver))") }
    return parts.isEmpty ? "unnamed" : parts.joined(separator: ", ")
  }

  private func details(_ device: StreamCatalog.Device) -> [String] {
    var lines: [String] = []
    if let flags = device.identity.migrationFlags {
      lines.append("  migrates  \(Self.abilities(flags).joined(separator: ", "))")
    }
    if device.identity.circumstances?.contains(.guestRan) == true {
      lines.append("  captured  while the guest ran: good to look at, not to resume")
    }
    if let configuration = device.configuration {
      var parts: [String] = []
      if let count = configuration.physicalByteCount { parts.append("\(count) bytes physical") }
      if let count = configuration.synthesizedByteCount {
        parts.append("\(count) bytes synthesised")
      }
      if let name = configuration.profileName { parts.append("profile \(TerminalText.text(name))") }
      lines.append("  config    \(parts.joined(separator: ", "))")
    }
    if let vectors = device.interruptVectorCount {
      lines.append("  interrupt state, \(QuantityText.count(vectors, "MSI-X vector"))")
    }
    if let pasids = device.pasids {
      lines.append(
        "  pasids    \(QuantityText.count(pasids.bindingCount, "binding")) in "
          + QuantityText.count(pasids.domainCount, "domain"))
    }
    if let digest = device.summary?.digest { lines.append("  digest    \(digest)") }
    return lines
  }
}
