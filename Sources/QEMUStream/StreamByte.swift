/// The byte that begins each part of a QEMU stream, besides the sections' (QEMU migration/savevm.h).
enum StreamByte: UInt8 {
  case end = 0
  case description = 6
  case configuration = 7
  case command = 8
  case footer = 0x7e

  static var magic: UInt32 { 0x5145_564d }
  static var version: UInt32 { 3 }
}
