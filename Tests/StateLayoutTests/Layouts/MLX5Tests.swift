import ByteIO
import StateLayout
import Testing

@Suite struct MLX5Tests {
  private func record(_ tag: UInt32, flags: UInt32 = 0, _ payload: [UInt8]) -> [UInt8] {
    var writer = ByteWriter(reserving: 16 + payload.count)
    writer.little(UInt64(payload.count))
    writer.little(flags)
    writer.little(tag)
    writer.append(payload)
    return writer.bytes
  }

  /// A device whose initial state begins anew (VFIO_PRECOPY_INFO_REINIT, Linux 7.1) sends an image
  /// each time, before the one that it hands out when it is stopped.
  @Test(arguments: [1, 2, 5])
  func anyNumberOfImagesIsSound(count: Int) throws {
    let size = record(1, flags: 1, [0, 0x10, 0, 0, 0, 0, 0, 0])
    let images = (0..<count).flatMap { record(0, [UInt8](repeating: UInt8($0), count: 100 + $0)) }
    let tree = try ShippedLayoutTests.layout("mlx5").dissect(size + images)
    #expect(tree.findings.isEmpty)
    #expect(tree["records"]?.items.count == count + 1)
    let detection = Layout.detect(prefix: size + images, byteCount: UInt64(116 * count + 24))
    #expect(detection.best?.layout.name == "mlx5" && detection.best?.certainty == .certain)
  }
}
