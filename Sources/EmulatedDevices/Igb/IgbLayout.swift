/// Offsets and values of the state that an emulated 82576 hands out: "MIGB", version 1.
enum IgbLayout {
  static let magic: UInt32 = 0x4d49_4742
  static let version: UInt32 = 1

  static let versionOffset = 4
  static let number = 8
  static let registerCount = 12
  static let registers = 16
  static let addressCount = 528
  static let addresses = 532
  static let contextCount = 916
  static let contexts = 920
  static let receiveEnable = 1016
  static let transmitEnable = 1020

  static let registerLimit = 64
  static let addressRegisterLimit = 48
  static let queueCount = 2
  /// Two context descriptors of four words, and four words of the packet under way.
  static let contextWordCount = 12
}
