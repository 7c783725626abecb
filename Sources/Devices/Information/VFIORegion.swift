/// What is so of the configuration region of every function that vfio-pci serves.
public enum VFIORegion {
  /// The ids of the extended capabilities that the region leaves out though the function may have
  /// them: PASID, L1 PM Substates, PTM and DOE, which vfio-pci shows no length of or does not know
  /// (drivers/vfio/pci/vfio_pci_config.c, pci_ext_cap_length).
  public static let hiddenCapabilities: Set<UInt16> = [0x1b, 0x1e, 0x1f, 0x2e]
}
