extension CapabilityTable {
  /// Every capability that is known by its fields, standard before extended, by number.
  public static let all: [CapabilityTable] = [
    .powerManagement
  ]

  private static let byID = Dictionary(uniqueKeysWithValues: all.map { ($0.id, $0) })

  /// The table for `id`, if there is one.
  public static func table(for id: CapabilityID) -> CapabilityTable? { byID[id] }
}
