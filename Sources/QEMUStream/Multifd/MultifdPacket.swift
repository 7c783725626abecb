/// A packet of a multifd channel (QEMU migration/multifd.h).
public enum MultifdPacket: Sendable, Hashable {
  /// Pages of a block of RAM; one without pages is a point where the channels come together.
  case pages(RAMBlock.Pages, block: String)
  case deviceState(DeviceStatePacket)
}

/// A piece of a VFIO device's state that came over a multifd channel (QEMU hw/vfio/migration-multifd.c).
public struct DeviceStatePacket: Sendable, Hashable {
  /// The name and the instance of the device's sections in the main channel.
  public let device: String
  public let instance: UInt32
  /// The place of the piece in the device's state, counted in packets.
  public let index: UInt32
  /// Whether this is the last packet, which holds the configuration record.
  public let isConfiguration: Bool
  /// Where in the channel's file its bytes stand.
  public let dataOffset: UInt64
  public let dataByteCount: UInt32
}
