import Devices
import StateTranslation
import Testing

@Suite struct ErrnoMeaningTests {
  private static let load = DeviceError.Operation.transition(MigrationArc(.resuming, .stop))

  @Test(arguments: [
    ("mtty", DeviceError(load, .invalid), "the state is shorter than that of a device"),
    ("synthetic", DeviceError(.writeData(at: 9), .inputOutput), "these bytes are not the ones"),
    ("hisi_acc_vfio_pci", DeviceError(.writeData(at: 0), .fault), "the accelerator, its queue"),
    ("virtio_vfio_pci", DeviceError(.writeData(at: 0), .noSpace), "the device refused a part"),
    ("mlx5_vfio_pci", DeviceError(.writeData(at: 0), .notSupported), "a record has a tag"),
    ("qat_vfio_pci", DeviceError(load, .invalid), "a section of the state is missing"),
    ("xe-vfio-pci", DeviceError(.writeData(at: 0), .noDevice), "the state is of a device with"),
    (
      "xe-vfio-pci", DeviceError(.transition(MigrationArc(.stop, .running)), .inputOutput),
      "a packet before could not be restored"
    ),
    (
      "xe_vfio_pci", DeviceError(.writeData(at: 0), LinuxErrno(rawValue: 61)),
      "a key of the descriptor is cut"
    ),
    ("xe-vfio-pci", DeviceError(.writeData(at: 0), .invalid), "the head of a packet"),
    ("pds_vfio_pci", DeviceError(load, .busy), "the firmware refused the state"),
    ("igb-vfio-pci", DeviceError(.writeData(at: 0), .tooLarge), "the state is longer than"),
    ("nvme_vfio_pci", DeviceError(load, .inputOutput), "the controller refused the state"),
  ])
  func aDriversErrnoHasItsOwnMeaning(driver: String, error: DeviceError, start: String) throws {
    #expect(try #require(error.explanation(driver: driver)).hasPrefix(start))
    #expect(error.explanation(driver: nil) == error.explanation)
  }

  @Test(arguments: [nil, "mtty", "pds_vfio_pci", "no_such_driver"])
  func whatNoDriverSaysOtherwiseHoldsForAll(driver: String?) {
    let reset = DeviceError(.readData(at: 0), .noDevice)
    #expect(reset.explanation(driver: driver)?.contains("was reset") == true)
    let arc = DeviceError(.transition(MigrationArc(.running, .stop)), .invalid)
    #expect(arc.explanation(driver: driver)?.contains("does not go that way") == true)
    #expect(DeviceError(.reset, .busy).explanation(driver: driver) == nil)
  }
}
