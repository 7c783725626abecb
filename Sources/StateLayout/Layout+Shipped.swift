extension Layout {
  /// The layouts that come with Ferry.
  public static let shipped: [Layout] = texts.compactMap { try? Layout(parsing: $0) }

  /// Their texts; that each can be read is a test's business.
  static let texts: [[UInt8]] = [
    PackageResources.mtty_ksy,
    PackageResources.hisi_acc_v1_ksy,
    PackageResources.hisi_acc_v2_ksy,
  ]
}
