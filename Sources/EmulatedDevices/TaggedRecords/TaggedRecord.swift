import ByteIO

/// The header of a record as mlx5 and virtio frame their state: size, flags and tag, 16 bytes, little-endian
/// (`struct mlx5_vf_migration_header`, drivers/vfio/pci/mlx5/cmd.h; `struct virtiovf_migration_header`,
/// drivers/vfio/pci/virtio/common.h).
struct TaggedRecord: Sendable, Hashable {
  static let headerByteCount = 16
  /// `…_MIGF_HEADER_FLAGS_TAG_OPTIONAL`: who does not know the tag passes over the record.
  static let optional: UInt32 = 1
  /// `MAX_LOAD_SIZE` of both drivers.
  static let byteCountLimit: UInt64 = 0xffff_ffff

  var byteCount: UInt64
  var flags: UInt32
  var tag: UInt32

  var isOptional: Bool { flags & Self.optional != 0 }

  var header: [UInt8] {
    var writer = ByteWriter(reserving: Self.headerByteCount)
    writer.little(byteCount)
    writer.little(flags)
    writer.little(tag)
    return writer.bytes
  }
}
