extension DeviceError {
  /// What the errno means of any driver; nil if it speaks for itself.
  public var explanation: String? {
    switch (operation, number) {
    case (.readData, .noDevice), (.writeData, .noDevice):
      "the device was reset, or its data channel closed, meanwhile"
    case (.transition, .invalid): "the driver does not go that way from where the device is"
    case (.readState, .notSupportedByDriver), (.readAbilities, .notSupportedByDriver):
      "the driver that is bound to the device cannot migrate it"
    default: nil
    }
  }
}
