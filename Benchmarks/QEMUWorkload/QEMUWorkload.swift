import Glibc
import QEMUStream

/// Writes a QEMU stream of a machine with so many MiB of memory, all of it sent, and a VFIO device;
/// for tools/bench.
@main struct QEMUWorkload {
  static func main() {
    let arguments = CommandLine.arguments
    guard arguments.count == 3, let mebibytes = UInt64(arguments[1]),
      let file = fopen(arguments[2], "wb")
    else {
      print("usage: QEMUWorkload MEBIBYTES OUT")
      exit(2)
    }
    var writer = QEMUStreamWriter(QEMUConfiguration(machine: "pc-q35-10.0"))
    write(machineOf: mebibytes << 20, with: &writer, to: file)
    guard fclose(file) == 0 else { exit(1) }
  }

  private static func write(
    machineOf byteCount: UInt64, with writer: inout QEMUStreamWriter,
    to file: UnsafeMutablePointer<FILE>
  ) {
    writer.section(.start, id: 1, name: "ram", version: 4) { content in
      content.blocks([("pc.ram", byteCount)])
      content.endOfRAM()
    }
    writer.section(.start, id: 2, name: "0000:00:01.0/vfio") { content in
      content.record(.setup)
      content.record(.endOfState)
    }
    let page = (0..<4096).map { UInt8(truncatingIfNeeded: $0 &* 31) }
    for start in stride(from: 0, to: byteCount, by: 1 << 20) {
      writer.section(.part, id: 1) { content in
        for address in stride(from: start, to: min(start + 1 << 20, byteCount), by: 4096) {
          content.page(page, at: address, of: address == start ? "pc.ram" : nil)
        }
        content.endOfRAM()
      }
      flush(&writer, to: file)
    }
    writer.section(.end, id: 1) { $0.endOfRAM() }
    writer.section(.end, id: 2) { content in
      content.data(page)
      content.record(.endOfState)
    }
    writer.section(.full, id: 2, name: "0000:00:01.0/vfio") { content in
      content.configuration(VFIOConfiguration(space: [UInt8](repeating: 0, count: 256)))
      content.record(.endOfState)
    }
    writer.end()
    flush(&writer, to: file)
  }

  private static func flush(
    _ writer: inout QEMUStreamWriter, to file: UnsafeMutablePointer<FILE>
  ) {
    let bytes = writer.takeBytes()
    guard fwrite(bytes, 1, bytes.count, file) == bytes.count else { exit(1) }
  }
}
