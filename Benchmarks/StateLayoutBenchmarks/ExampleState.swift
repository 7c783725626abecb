import ByteIO

/// States to measure with.
enum ExampleState {
  /// Two ports, as after a reset.
  static let mtty: [UInt8] = {
    var writer = ByteWriter()
    writer.little(0x7e9d_0989_8c3e_2c4e as UInt64)
    for value in [1, 0, 2, 0] as [UInt32] { writer.little(value) }
    for _ in 0..<2 {
      writer.append([UInt8](repeating: 0, count: 33))
      writer.append([16, 0, 0])
    }
    return writer.bytes
  }()

  /// A network function with 16 queues.
  static let virtio: [UInt8] = {
    var parts = ByteWriter()
    func part(_ type: UInt16, _ queue: UInt8, _ value: [UInt8]) {
      parts.little(type)
      parts.append([0, 0, queue, 0, 0, 0, 0, 0, 0, 0])
      parts.little(UInt32(value.count))
      parts.append(value)
    }
    part(0x100, 0, [UInt8](repeating: 1, count: 8))
    part(0x101, 0, [UInt8](repeating: 1, count: 8))
    part(0x103, 0, [15])
    for queue in 0..<16 as Range<UInt8> {
      part(0x104, queue, [0, 1, queue, 0, 1, 0, 0, 0] + [UInt8](repeating: 1, count: 24))
    }
    for queue in 0..<16 as Range<UInt8> { part(0x105, queue, [queue, 0, 0, 0, 0, 0, 0, 0]) }
    return record(parts.bytes)
  }()

  /// Firmware images of 8 MiB.
  static let mlx5: [UInt8] = {
    let image = record([UInt8](repeating: 0x5a, count: 8 << 20))
    return (0..<8).flatMap { _ in image }
  }()

  private static func record(_ payload: [UInt8]) -> [UInt8] {
    var writer = ByteWriter(reserving: payload.count + 16)
    writer.little(UInt64(payload.count))
    writer.little(0 as UInt64)
    writer.append(payload)
    return writer.bytes
  }
}
