import ArgumentParser
import ByteIO
import Reports

/// A number of bytes as people write it: `4096`, `64KiB`, `1M`.
struct ByteSize: ExpressibleByArgument, CustomStringConvertible {
  let byteCount: UInt64

  init(_ byteCount: UInt64) { self.byteCount = byteCount }

  init?(argument: String) {
    guard let value = UInt64(byteCount: argument) else { return nil }
    byteCount = value
  }

  var description: String { QuantityText.bytes(byteCount) }
}
