extension DeviceError {
  /// The meaning of the errno for any driver; nil if it speaks for itself.
  public var explanation: String? {
    switch (operation.code, errno) {
    case (.readData, .noDevice), (.writeData, .noDevice):
      "the device was reset, or its data channel closed, meanwhile"
    case (.transition, .invalid): "the driver does not go that way from where the device is"
    case (.readState, .notSupportedByDriver), (.readAbilities, .notSupportedByDriver):
      "the driver that is bound to the device cannot migrate it"
    default: nil
    }
  }
}
