extension DeviceError {
  /// What the errno means of this driver, where it says less than the driver knows; nil where it speaks for itself.
  public func explanation(driver: String?) -> String? {
    switch (driver, operation.code, arc, number) {
    case ("mtty", .writeData, _, .fault):
      "the header of the state (magic, version, flags, number of ports) is not the one that this device has"
    case ("mtty", .writeData, _, .outOfMemory):
      "the state is longer than that of a device with this many ports"
    case ("mtty", .transition, MigrationArc(.resuming, .stop), .invalid):
      "the state is shorter than that of a device with this many ports"
    case ("synthetic", .writeData, _, .invalid):
      "the state is not of a synthetic device of this size"
    case ("synthetic", .writeData, _, .inputOutput):
      "these bytes are not the ones that their block has"
    case ("synthetic", .transition, MigrationArc(.resuming, .stop), .invalid):
      "blocks are missing"
    case ("hisi_acc_vfio_pci", .writeData, _, .fault):
      "the accelerator, its queue pairs, its isolation or the version of the state are not those of this device and driver"
    case ("hisi_acc_vfio_pci", .writeData, _, .outOfMemory):
      "the state is longer than 176 bytes"
    case ("hisi_acc_vfio_pci", .transition, MigrationArc(.resuming, .stop), .invalid):
      "the state is neither 40 nor 176 bytes long, or the driver matches it only now and it is not of this device"
    case ("virtio_vfio_pci", .writeData, _, .invalid), ("virtio_vfio_pci", .writeData, _, .noSpace):
      "the device refused a part of the state"
    case ("virtio_vfio_pci", .writeData, _, .notSupported),
      ("mlx5_vfio_pci", .writeData, _, .notSupported):
      "a record has a tag that the driver does not know and must"
    case ("mlx5_vfio_pci", .writeData, _, .invalid), ("mlx5_vfio_pci", .writeData, _, .inputOutput):
      "the firmware refused an image"
    case ("qat_vfio_pci", .writeData, _, .invalid):
      "the capabilities or services of the source are not those of this device"
    case ("qat_vfio_pci", .transition, MigrationArc(.resuming, .stop), .invalid):
      "a section of the state is missing or unsound, or a service level of the source is not this device's"
    case ("xe-vfio-pci", .writeData, _, .noDevice):
      "the state is of a device with another id or revision, or the data channel was closed meanwhile"
    case ("xe-vfio-pci", .writeData, _, .inputOutput),
      ("xe-vfio-pci", .transition, _, .inputOutput):
      "a packet before could not be restored, or the trailer is missing"
    case ("pds_vfio_pci", .transition, MigrationArc(.resuming, .stop), _):
      "the firmware refused the state"
    case ("igb-vfio-pci", .writeData, _, .tooLarge):
      "the state is longer than the structure that this device takes"
    case ("igb-vfio-pci", .transition, MigrationArc(.resuming, .stop), .inputOutput):
      "the device refused the state: its length, its version or its registers, or the function that it is of"
    case ("nvme_vfio_pci", .transition, MigrationArc(.resuming, .stop), .inputOutput):
      "the controller refused the state"
    case (_, .readData, _, .noDevice), (_, .writeData, _, .noDevice):
      "the device was reset, or its data channel closed, meanwhile"
    case (_, .transition, _, .invalid): "the driver does not go that way from where the device is"
    case (_, .readState, _, .notSupportedByDriver), (_, .readAbilities, _, .notSupportedByDriver):
      "the driver that is bound to the device cannot migrate it"
    default: nil
    }
  }
}
