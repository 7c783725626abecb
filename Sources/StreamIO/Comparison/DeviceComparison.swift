import ByteIO
import MigrationStream

/// What differs in the records of a device but its state.
struct DeviceComparison {
  let left: DeviceIntroduction
  let right: DeviceIntroduction

  private var device: UInt16 { left.number }

  var differences: [StreamDifference] {
    identityDifferences + configurationDifferences + interruptDifferences + bindingDifferences
      + unknownFieldDifferences
  }

  private func difference(
    _ subject: StreamDifference.Subject, _ field: String, _ left: String?, _ right: String?
  ) -> StreamDifference? {
    guard left != right else { return nil }
    return StreamDifference(
      subject, device: device, field: field, left: left ?? "none", right: right ?? "none")
  }

  private var identityDifferences: [StreamDifference] {
    [
      difference(.identity, "name", left.identity.name, right.identity.name),
      difference(.identity, "driver", left.identity.driver, right.identity.driver),
      difference(.identity, "PCI ids", left.identity.pci?.text, right.identity.pci?.text),
      difference(
        .identity, "migration flags", left.identity.migrationFlags.map { "\($0)" },
        right.identity.migrationFlags.map { "\($0)" }),
      difference(
        .identity, "circumstances", left.identity.circumstances.map { "\($0.rawValue)" },
        right.identity.circumstances.map { "\($0.rawValue)" }),
      difference(
        .identity, "regions", left.identity.regions.text, right.identity.regions.text),
    ].compactMap(\.self)
  }

  private var configurationDifferences: [StreamDifference] {
    let (left, right) = (left.configuration, right.configuration)
    let names = difference(
      .configuration, "profile", left?.profileText, right?.profileText)
    let images: [(String, [UInt8]?, [UInt8]?)] = [
      ("physical", left?.physical, right?.physical),
      ("synthesised", left?.synthesized, right?.synthesized),
      ("emulated bits", left?.emulatedBits, right?.emulatedBits),
    ]
    return [names].compactMap(\.self)
      + images.compactMap { field, left, right in
        guard left != right else { return nil }
        var ranges = ByteRanges()
        let (a, b) = (left ?? [], right ?? [])
        let common = min(a.count, b.count)
        ranges.append(
          differing: a.span.raw.extracting(first: common),
          from: b.span.raw.extracting(first: common), at: 0)
        ranges.append(UInt64(common)..<UInt64(max(a.count, b.count)))
        return StreamDifference(
          .configuration, device: device, field: field,
          left: left.map { "\($0.count) bytes" } ?? "none",
          right: right.map { "\($0.count) bytes" } ?? "none", ranges: ranges)
      }
  }

  private var interruptDifferences: [StreamDifference] {
    let (left, right) = (left.interrupts, right.interrupts)
    let parts: [(String, Bool, Bool, Bool)] = [
      (
        "INTx", left?.assertedPins == right?.assertedPins, left?.assertedPins != nil,
        right?.assertedPins != nil
      ),
      ("MSI", left?.msi == right?.msi, left?.msi != nil, right?.msi != nil),
      ("MSI-X", left?.msix == right?.msix, left?.msix != nil, right?.msix != nil),
    ]
    return parts.compactMap { field, isEqual, inLeft, inRight in
      isEqual
        ? nil
        : StreamDifference(
          .interrupts, device: device, field: field, left: inLeft ? "programmed" : "none",
          right: inRight ? "programmed otherwise" : "none")
    }
  }

  private var bindingDifferences: [StreamDifference] {
    TableComparison(left.pasids ?? PASIDTable(), right.pasids ?? PASIDTable()).differences.map {
      StreamDifference(
        .bindings, device: device, field: $0.field, left: $0.left, right: $0.right)
    }
  }

  /// Fields that this version does not know are compared as they are.
  private var unknownFieldDifferences: [StreamDifference] {
    let parts: [(StreamDifference.Subject, UnknownFields, UnknownFields)] = [
      (.identity, left.identity.unknownFields, right.identity.unknownFields),
      (
        .configuration, left.configuration?.unknownFields ?? [],
        right.configuration?.unknownFields ?? []
      ),
      (
        .interrupts, left.interrupts?.unknownFields ?? [],
        right.interrupts?.unknownFields ?? []
      ),
      (
        .bindings, left.pasids?.unknownFields ?? [],
        right.pasids?.unknownFields ?? []
      ),
    ]
    return parts.compactMap { subject, left, right in
      left == right
        ? nil
        : StreamDifference(
          subject, device: device, field: "fields of later versions", left: "\(left.count)",
          right: left.count == right.count ? "\(right.count) others" : "\(right.count)")
    }
  }
}

extension DeviceIdentity.PCIIdentity {
  fileprivate var text: String {
    func text(_ value: (some BinaryInteger)?, _ digits: Int) -> String {
      value.map { hex($0, digits: digits) } ?? "?"
    }
    return "\(idPair(vendorID, deviceID)), subsystem "
      + "\(text(subsystemVendorID, 4)):\(text(subsystemID, 4)), class \(text(classCode, 6)), "
      + "revision \(text(revisionID, 2))"
  }
}

extension [DeviceIdentity.Region] {
  fileprivate var text: String {
    map { "\($0.index): \($0.byteCount) bytes, flags \($0.flags)" }.joined(separator: "; ")
  }
}

extension ConfigurationRecord {
  fileprivate var profileText: String? {
    guard let profileName else { return nil }
    return profileDigest.map { "\(profileName) (\($0))" } ?? profileName
  }
}
