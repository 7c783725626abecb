import ByteIO
import StateLayout

/// The facts and allowances of a translation, and the report that it writes.
public struct TranslationRun: Sendable {
  /// The known facts of the device that the state was taken from.
  public let source: DeviceFacts
  /// The known facts of the device that is to take it.
  public let target: DeviceFacts
  /// The losses that the caller accepts.
  public let allowed: Set<TranslationLoss>
  /// Whether the target itself is asked about the result.
  let asksTarget: Bool
  /// The report so far.
  public internal(set) var report: TranslationReport

  /// Notes that a field gets another value.
  public mutating func rewrite(
    _ field: String, from old: String, to new: String, _ rule: TranslationRule
  ) {
    report.rewrite(field, from: old, to: new, rule)
  }

  /// Notes a reason against the translation.
  public mutating func refuse(
    _ field: String, found: String, needed: String, loss: TranslationLoss? = nil
  ) {
    report.refuse(field, found: found, needed: needed, loss: loss)
  }

  /// Notes that the state has more of something than a translation keeps in memory.
  mutating func refuseMany(_ field: String, found: String, needed: String) {
    report.refuse(
      field, found: found, needed: needed, missing: "what is beyond those that are kept")
  }

  /// Refuses what only a fact of the source could speak for, unless the target itself is asked.
  mutating func refuse(_ field: String, found: String, needed: String, unlessKnown fact: String) {
    guard !asksTarget else { return report.noteUnknown(fact, for: field) }
    report.refuse(field, found: found, needed: needed, missing: fact)
  }

  /// Reports a loss if it is allowed, else a refusal; returns whether it is allowed.
  public mutating func accept(
    _ loss: TranslationLoss, at field: String, losing lost: String, needed: String
  ) -> Bool {
    guard allowed.contains(loss) else {
      refuse(field, found: lost, needed: needed, loss: loss)
      return false
    }
    report.losses.append(.init(loss: loss, field: field, lost: lost))
    return true
  }

  /// A fact of the target; if it is not known, reports once that `subject` was not checked.
  public mutating func known<Value>(
    _ value: Value?, _ fact: String, for subject: String
  ) -> Value? {
    guard value == nil else { return value }
    report.noteUnknown(fact, for: subject)
    return nil
  }

  /// Holds a field against a fact of the target that must be the same.
  public mutating func match<Value: FixedWidthInteger>(
    _ field: String, _ found: Int128?, _ fact: String, _ known: Value?, isHexadecimal: Bool = false,
    for subject: String? = nil
  ) {
    guard let known = self.known(known, fact, for: subject ?? field), let found else { return }
    guard found != Int128(known) else { return }
    func text(_ value: Int128) -> String { isHexadecimal ? "0x" + hex(value) : "\(value)" }
    refuse(field, found: text(found), needed: "\(text(Int128(known))), the target's \(fact)")
  }

  /// Refuses a target with another firmware if both are known: the state is the firmware's own.
  public mutating func matchFirmware() {
    guard
      let wanted = known(source.firmware, "firmware (source)", for: "that both have one firmware"),
      let found = known(target.firmware, "firmware", for: "that both have one firmware"),
      wanted != found
    else { return }
    refuse("firmware", found: wanted, needed: "\(found), the target's")
  }

  /// Refuses a target that is not the same kind of device, if both are known.
  public mutating func matchIdentity() {
    func ids(_ pci: DeviceFacts.PCI?) -> String? {
      guard let vendor = pci?.vendorID, let device = pci?.deviceID else { return nil }
      return idPair(vendor, device)
    }
    guard let wanted = known(ids(source.pci), "pci (source)", for: "that both are one device"),
      let found = known(ids(target.pci), "pci", for: "that both are one device"), wanted != found
    else { return }
    refuse("PCI ids", found: wanted, needed: "\(found), the target's")
  }
}
