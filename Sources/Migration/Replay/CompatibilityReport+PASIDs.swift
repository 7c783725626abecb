import Devices
import MigrationStream

extension CompatibilityReport {
  /// Holds the bindings of the device `number` against what can be attached to another.
  mutating func hold(
    _ table: PASIDTable, of number: UInt16, against abilities: AddressSpaceAbilities
  ) {
    let evidence = abilities.evidence.map { " (\($0))" } ?? ""
    guard abilities.isKnown else {
      return add(
        number, "PASID bindings", wanted: "what can be attached", found: "not known\(evidence)",
        severity: .unchecked)
    }
    guard abilities.pasidWidth > 0 else {
      return add(
        number, "PASID bindings", wanted: "PASIDs that can be attached",
        found: "a device or kernel that attaches none\(evidence)")
    }
    for binding in table.bindings {
      if binding.pasid == 0 {
        add(
          number, "PASID 0", wanted: "a PASID of the guest",
          found: "the one that stands for the device itself")
      }
      if binding.pasid >> UInt32(abilities.pasidWidth) != 0 {
        add(
          number, "PASID \(binding.pasid)", wanted: "PASIDs that wide",
          found: "\(abilities.pasidWidth) bits\(evidence)")
      }
      let missing = binding.permissions.subtracting(abilities.permissions)
      for (bit, name) in [(.execute, "execute"), (.privileged, "privileged")]
        as [(PASIDTable.Binding.Permissions, String)] where missing.contains(bit)
      {
        add(
          number, "PASID \(binding.pasid)", wanted: "the permission to \(name)",
          found: "hardware without it\(evidence)")
      }
    }
    for domain in table.domains {
      if case .nested(let type, _) = domain.kind, !abilities.nestedDataTypes.contains(type) {
        add(
          number, "domain \(domain.id)", wanted: "guest page tables of type \(type), nested",
          found: abilities.nestedDataTypes.isEmpty
            ? "no nesting\(evidence)" : "types \(abilities.nestedDataTypes.sorted())")
      }
      if domain.faults == .queue, !abilities.hasFaultQueue {
        add(
          number, "domain \(domain.id)", wanted: "a queue of page requests",
          found: "none\(evidence)")
      }
    }
  }
}
