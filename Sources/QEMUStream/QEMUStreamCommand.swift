/// A command from the source's QEMU to the destination's, between two sections.
public struct QEMUStreamCommand: Sendable, Hashable {
  /// The number of the command (QEMU migration/savevm.c, `enum qemu_vm_cmd`).
  public let number: UInt16
  public let byteCount: UInt16
  /// Where it begins, its type byte first.
  public let offset: UInt64

  static var postcopyAdvise: UInt16 { 3 }
  static var packaged: UInt16 { 7 }

  private static let names = [
    "INVALID", "OPEN_RETURN_PATH", "PING", "POSTCOPY_ADVISE", "POSTCOPY_LISTEN", "POSTCOPY_RUN",
    "POSTCOPY_RAM_DISCARD", "PACKAGED", "RECV_BITMAP", "POSTCOPY_RESUME", "ENABLE_COLO",
    "SWITCHOVER_START",
  ]
  /// The number of commands that QEMU knows.
  static var count: Int { names.count }

  public var name: String {
    Int(number) < Self.names.count ? Self.names[Int(number)] : "command \(number)"
  }
}
