extension Layout {
  /// The layouts that come with Ferry.
  public static let shipped: [Layout] = texts.map { text in
    do throws(LayoutError) {
      return try Layout(parsing: text)
    } catch {
      preconditionFailure("a shipped layout must parse: \(error)")
    }
  }

  private static let texts: [[UInt8]] = [
    PackageResources.mtty_ksy,
    PackageResources.mlx5_ksy,
    PackageResources.mlx5_raw_ksy,
    PackageResources.hisi_acc_v1_ksy,
    PackageResources.hisi_acc_v2_ksy,
    PackageResources.virtio_ksy,
    PackageResources.qat_ksy,
    PackageResources.pds_ksy,
    PackageResources.xe_ksy,
    PackageResources.igb_ksy,
    PackageResources.nvme_tp4159_ksy,
    PackageResources.nvme_linux_rfc_ksy,
    PackageResources.dms_ksy,
  ]
}
