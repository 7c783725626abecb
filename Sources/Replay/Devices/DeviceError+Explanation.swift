extension DeviceError {
  /// What the errno means of this driver, where it says less than the driver knows; nil where it speaks for itself.
  public func explanation(driver: String?) -> String? {
    switch (driver, operation, number) {
    case ("mtty", .writeData, .fault):
      "the header of the state (magic, version, flags, number of ports) is not the one that this device has"
    case ("mtty", .writeData, .outOfMemory):
      "the state is longer than that of a device with this many ports"
    case ("mtty", .transition(MigrationArc(.resuming, .stop)), .invalid):
      "the state is shorter than that of a device with this many ports"
    case ("synthetic", .writeData, .invalid):
      "the state is not of a synthetic device of this size"
    case ("synthetic", .writeData, .inputOutput):
      "these bytes are not the ones that their block has"
    case ("synthetic", .transition(MigrationArc(.resuming, .stop)), .invalid):
      "blocks are missing"
    case (_, .readData, .noDevice), (_, .writeData, .noDevice):
      "the device was reset, or its data channel closed, meanwhile"
    case (_, .transition, .invalid): "the driver does not go that way from where the device is"
    case (_, .readState, .notSupportedByDriver), (_, .readAbilities, .notSupportedByDriver):
      "the driver that is bound to the device cannot migrate it"
    default: nil
    }
  }
}
