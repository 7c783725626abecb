/// A check that a driver is known to fail, and why: the failure is expected of it, and of a model
/// that answers as it does.
public struct Quirk: Sendable, Hashable {
  /// The driver's name in the kernel.
  public let driver: String
  /// The check that it fails.
  public let check: String
  /// What the driver does instead.
  public let behavior: String
  /// Where it does so, in Linux 7.2 unless it says otherwise.
  public let source: String

  static func known(of driver: String?, failing check: String) -> Quirk? {
    known.first { $0.driver == driver && $0.check == check }
  }

  /// All that are known.
  public static let known: [Quirk] = [
    Quirk(
      driver: "mtty", check: "pre-copy-end",
      behavior: "a read behind what there is gives 0 in every state",
      source: "samples/vfio-mdev/mtty.c:881, mtty_save_read"),
    Quirk(
      driver: "mtty", check: "reopen-without-reset",
      behavior: "closing keeps RESUMING and loses its file, and leaving RESUMING without one is an "
        + "oops that keeps the device's lock",
      source: "samples/vfio-mdev/mtty.c:947, mtty_load_state"),
    Quirk(
      driver: "hisi_acc_vfio_pci", check: "pre-copy-end",
      behavior: "a read behind what there is gives 0 in every state",
      source: "drivers/vfio/pci/hisilicon/hisi_acc_vfio_pci.c:865, hisi_acc_vf_save_read"),
    Quirk(
      driver: "hisi_acc_vfio_pci", check: "read-sizes",
      behavior: "each read is from the start of the state",
      source: "Linux 5.18 to 6.1: hisi_acc_vfio_pci.c, hisi_acc_vf_save_read"),
    Quirk(
      driver: "hisi_acc_vfio_pci", check: "pieces",
      behavior: "each write is to the start of the state",
      source: "Linux 5.18 to 6.1: hisi_acc_vfio_pci.c, hisi_acc_vf_resume_write"),
    Quirk(
      driver: "qat_vfio_pci", check: "pre-copy-end",
      behavior: "a read behind what there is gives 0 in every state",
      source: "drivers/vfio/pci/qat/main.c:161, qat_vf_save_read"),
    Quirk(
      driver: "igb-vfio-pci", check: "initial-bytes",
      behavior: "nothing can be read in PRE_COPY", source: "legoater/vfio-pci-extras, igb_vfio_pci"),
    Quirk(
      driver: "igb-vfio-pci", check: "pre-copy-end",
      behavior: "a read in PRE_COPY gives 0", source: "legoater/vfio-pci-extras, igb_vfio_pci"),
  ]
}
